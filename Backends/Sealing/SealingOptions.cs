namespace Lunaria.Backends.Sealing;

/// <summary>
/// How a store's objects are sealed. <paramref name="Key"/>: what its key ring is locked with; null = objects are not encrypted. <paramref name="Packs"/>: what is put from now on
/// is compressed where that pays.
/// </summary>
public sealed record SealingOptions(WrappingKey? Key, bool Packs = false);

/// <summary>
/// How a store is sealed now. <paramref name="KeyIds"/>: the wrapping keys that open it, none where it is not encrypted; <paramref name="DataKeys"/>: how many keys objects
/// without a key of their own were sealed with; <paramref name="Packs"/>: what is put now is compressed where that pays; <paramref name="HasPlainObjects"/>: what was put before encryption was turned on is still as it was. <paramref name="PutBytes"/> were put since the start
/// and take <paramref name="StoredBytes"/>.
/// </summary>
public sealed record SealingStatus(IReadOnlyList<string> KeyIds, int DataKeys, bool Packs, bool HasPlainObjects, long PutBytes, long StoredBytes);
