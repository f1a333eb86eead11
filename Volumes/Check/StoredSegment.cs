using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Recovery;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Check;

/// <summary>An object of the store whose key is a segment's; fences are passed over.</summary>
internal readonly record struct StoredSegment(string Key, long LengthBytes, Guid Line, ulong Sequence)
{
    /// <summary>All of them.</summary>
    public static async Task<List<StoredSegment>> ListAsync(IObjectStore store, CancellationToken cancellation)
    {
        List<StoredSegment> all = [];
        await foreach (ObjectInfo found in store.ListAsync("volumes/", cancellation))
        {
            string[] parts = found.Key.Split('/');
            if (parts.Length == 4 && Guid.TryParse(parts[1], out Guid line) && SegmentKey.TryParse(found.Key, line, out ulong sequence) && found.LengthBytes > SequenceFence.LengthBytes)
                all.Add(new(found.Key, found.LengthBytes, line, sequence));
        }
        return all;
    }
}
