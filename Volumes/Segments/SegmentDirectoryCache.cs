using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Lunaria.Volumes.Segments;

/// <summary>Directories in memory under a byte budget, the unused ones leave first. Owned by the segment store; thread-safe, hits take no lock.</summary>
internal sealed class SegmentDirectoryCache(long budgetBytes)
{
    private readonly ConcurrentDictionary<uint, SegmentDirectory> directories = new();
    private readonly Queue<SegmentDirectory> queue = new();
    private readonly Lock sync = new();
    private long usedBytes;

    /// <summary>Bytes held now.</summary>
    public long UsedBytes => Volatile.Read(ref usedBytes);

    /// <summary>Finds a directory. Allocates nothing.</summary>
    public bool TryGet(SegmentId segment, [NotNullWhen(true)] out SegmentDirectory? directory)
    {
        if (!directories.TryGetValue(segment.Value, out directory))
            return false;
        if (!directory.Used)
            directory.Used = true;
        return true;
    }

    /// <summary>Keeps a directory; one that alone is over the budget is not kept.</summary>
    public void Add(SegmentDirectory directory)
    {
        lock (sync)
        {
            if (directory.MemoryBytes > budgetBytes || !directories.TryAdd(directory.Segment.Value, directory))
                return;
            queue.Enqueue(directory);
            usedBytes += directory.MemoryBytes;
            while (usedBytes > budgetBytes)
            {
                SegmentDirectory oldest = queue.Dequeue();
                if (oldest.Used && oldest != directory)
                {
                    oldest.Used = false;
                    queue.Enqueue(oldest);
                }
                else if (oldest == directory && queue.Count > 0)
                {
                    queue.Enqueue(oldest);
                }
                else
                {
                    directories.TryRemove(oldest.Segment.Value, out _);
                    usedBytes -= oldest.MemoryBytes;
                }
            }
        }
    }
}
