namespace Lunaria.WebUi.Contracts;

/// <summary>
/// An import that is not finished: of <paramref name="Snapshot"/>, or of what differs from <paramref name="Since"/> (null = all of it). Everything below <paramref name="OffsetBytes"/>
/// is there; the chunk behind it follows the one with <paramref name="Hash"/>.
/// </summary>
public sealed record ImportView(string Volume, Guid Snapshot, Guid? Since, long SizeBytes, long OffsetBytes, string Hash);
