using System.Security.Cryptography;

namespace Lunaria.Backends.Sealing;

/// <summary>
/// The data keys of a ring, ascending by number. A key is everybody's, or belongs to a prefix: then it seals what is put below that, and can be thrown away without harm to
/// anything else. Immutable; any thread.
/// </summary>
internal sealed class DataKeySet
{
    /// <summary>Most keys that are everybody's, and most that are not.</summary>
    public const int MaxShared = 4096, MaxOwn = 8192;

    private readonly Dictionary<uint, DataKey> _byNumber = [];
    private readonly Dictionary<string, DataKey> _newestOf = new(StringComparer.Ordinal);

    /// <summary>These keys, in this order.</summary>
    public DataKeySet(IReadOnlyList<DataKey> all)
    {
        All = all;
        foreach (DataKey key in all)
        {
            _byNumber[key.Number] = key;
            if (key.Prefix is { } prefix)
                _newestOf[prefix] = key;
            else
                (NewestShared, SharedCount) = (key, SharedCount + 1);
        }
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<DataKey> All { get; }

    /// <summary>How many are everybody's.</summary>
    public int SharedCount { get; }

    /// <summary>The newest that is everybody's; null where there is none.</summary>
    public DataKey? NewestShared { get; }

    /// <summary>Prefixes that have keys of their own.</summary>
    public IReadOnlyCollection<string> Prefixes => _newestOf.Keys;

    /// <summary>The key with a number; null where there is none.</summary>
    public DataKey? Find(uint number) => _byNumber.GetValueOrDefault(number);

    /// <summary>The newest key of a prefix; null where it has none.</summary>
    public DataKey? NewestOf(string prefix) => _newestOf.GetValueOrDefault(prefix);

    /// <summary>The keys with a new one, everybody's where <paramref name="prefix"/> is null.</summary>
    public DataKeySet WithNew(string? prefix) =>
        new([.. All, new((All.Count == 0 ? 0 : All[^1].Number) + 1, RandomNumberGenerator.GetBytes(WrappingKey.Bytes), prefix)]);

    /// <summary>The keys without those of some prefixes.</summary>
    public DataKeySet Without(IReadOnlyCollection<string> prefixes) => new([.. All.Where(key => key.Prefix is null || !prefixes.Contains(key.Prefix))]);
}

/// <summary>A key that objects are sealed with, by its number from 1. <c>prefix</c>: what alone it seals objects below; null = everybody's. Not a record: its text would be the key's.</summary>
internal sealed class DataKey(uint number, byte[] key, string? prefix = null)
{
    /// <summary>Its number, which objects name.</summary>
    public uint Number => number;

    /// <summary>Objects with such names are sealed with it, and no others; null = any.</summary>
    public string? Prefix => prefix;

    /// <summary>The key; never shown.</summary>
    public ReadOnlySpan<byte> Key => key;
}
