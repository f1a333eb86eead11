namespace Lunaria.Backends.Sealing;

/// <summary>
/// Objects that are never sealed: the superblock and fences (docs/FORMATS.md). They hold no data of hosts, and appliances must be able to keep each other out of a store without
/// its key. Stateless; any thread.
/// </summary>
internal static class PublicObjects
{
    private const int FenceBytes = 64;

    /// <summary>True for the superblock.</summary>
    public static bool Owns(string key) => key == "superblock";

    /// <summary>True for what is put in the place of a segment to keep a late upload out.</summary>
    public static bool IsFence(ReadOnlySpan<byte> content) => content.Length == FenceBytes && content.StartsWith("LUNAFNC\0"u8);
}
