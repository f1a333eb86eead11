using System.Globalization;

namespace Lunaria.Volumes.Segments;

/// <summary>Names of segments in the object store. Stateless; any thread.</summary>
internal static class SegmentKey
{
    /// <summary><c>volumes/uuid/2 hex digits of the sequence/sequence in 16 hex digits</c>. The shard spreads keys over the prefixes of a store.</summary>
    public static string Format(Guid volumeUuid, ulong sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"{VolumePrefix(volumeUuid)}{(byte)sequence:x2}/{sequence:x16}");

    /// <summary>What the keys of a volume's segments start with.</summary>
    public static string VolumePrefix(Guid volumeUuid) => string.Create(CultureInfo.InvariantCulture, $"volumes/{volumeUuid:d}/");

    /// <summary>The sequence in a key of the volume; false where the key is no segment of it.</summary>
    public static bool TryParse(string key, Guid volumeUuid, out ulong sequence)
    {
        sequence = 0;
        return key.Length > 16
            && ulong.TryParse(key.AsSpan(key.Length - 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out sequence)
            && key == Format(volumeUuid, sequence);
    }
}
