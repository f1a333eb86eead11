using System.Buffers;
using System.Numerics;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// Reads blocks of segments window by window: from memory, from the cache, or from the store, there in one request for windows in a row, and one at a time for each window. What
/// comes from the store is checked and goes into the cache. Owned by the segment store; thread-safe.
/// </summary>
internal sealed class WindowReader(IObjectStore store, WindowMemory memory, ReadCache cache)
{
    private const int WindowsPerRequest = 32, WindowsAround = 16, Attempts = 3, MaxReadAheads = 8;

    // Memory that windows around those that are missing may take together is half of this at most.
    private const long LeastMemoryBytes = 2L * MaxReadAheads * WindowsAround * CacheWindow.Bytes;
    private readonly bool _mayReadAround = store.Capabilities.IsShared && memory.BudgetBytes >= LeastMemoryBytes;
    private int _readAheads;

    /// <summary>Most blocks that are worth reading ahead of one stream.</summary>
    public int MaxReadAheadBlocks { get; } = (int)Math.Min(2048, memory.BudgetBytes / 4 / SegmentHeader.BlockBytes);

    /// <summary>Reads without waiting and without allocating; false = use <see cref="ReadAsync"/>. <paramref name="crcs"/>: of the segment, or none where they are not known.</summary>
    public bool TryRead(CacheClient client, SegmentId segment, int blockIndex, Span<byte> destination, ReadOnlySpan<uint> crcs)
    {
        while (destination.Length > 0)
        {
            (ulong key, int first, int blocks) = Part(segment, blockIndex, destination.Length);
            int length = blocks * SegmentHeader.BlockBytes;
            if (!TryReadPart(client, key, first, destination[..length], crcs.IsEmpty ? default : crcs.Slice(blockIndex, blocks)))
                return false;
            destination = destination[length..];
            blockIndex += blocks;
        }
        return true;
    }

    /// <summary>Reads from the cache alone, waiting for its devices, where the segment's directory is not in memory; false = not all of it is there.</summary>
    public async ValueTask<bool> TryReadWithoutDirectoryAsync(CacheClient client, SegmentId segment, int blockIndex, Memory<byte> destination)
    {
        while (destination.Length > 0)
        {
            (ulong key, int first, int blocks) = Part(segment, blockIndex, destination.Length);
            int length = blocks * SegmentHeader.BlockBytes;
            if (!TryReadMemory(client, key, first, destination.Span[..length])
                && (client.Policy.Behaviour == CacheBehaviour.None || !await cache.Reader.ReadAsync(client, key, first, destination[..length], default)))
                return false;
            destination = destination[length..];
            blockIndex += blocks;
        }
        return true;
    }

    /// <summary>
    /// Fills <paramref name="destination"/>, waiting for cache and store; false = some block could not be read this way, and only reading it by itself tells why.
    /// </summary>
    /// <exception cref="ObjectStoreException">The store failed.</exception>
    public async ValueTask<bool> ReadAsync(CacheClient client, SegmentDirectory directory, int blockIndex, Memory<byte> destination, CancellationToken cancellation)
    {
        int end = blockIndex + destination.Length / SegmentHeader.BlockBytes;
        for (int at = blockIndex; at < end;)
        {
            int next = Math.Min(end, ((at >> CacheWindow.BlocksShift) + WindowsPerRequest) << CacheWindow.BlocksShift);
            if (!await ReadRunAsync(client, directory, at, destination.Slice((at - blockIndex) * SegmentHeader.BlockBytes, (next - at) * SegmentHeader.BlockBytes), cancellation))
                return false;
            at = next;
        }
        return true;
    }

    /// <summary>
    /// Reads windows that somebody is going to ask for soon into memory; nothing where enough is under way. Never fails: who asks for them hears of it.
    /// </summary>
    public async Task ReadAheadAsync(CacheClient client, SegmentDirectory directory, int blockIndex, int blocks)
    {
        if (Interlocked.Increment(ref _readAheads) <= MaxReadAheads)
            try
            {
                int first = blockIndex >> CacheWindow.BlocksShift, last = Math.Min(blockIndex + blocks, directory.BlockCrcs.Length) - 1 >> CacheWindow.BlocksShift;
                for (int from = first; from <= last; from += WindowsPerRequest)
                {
                    uint wanted = Mask(Math.Min(WindowsPerRequest, last - from + 1));
                    for (int i = 0; i < WindowsPerRequest && client.Policy.Behaviour != CacheBehaviour.None; i++)
                        if ((wanted & (1u << i)) != 0 && cache.Slots.Contains(CacheWindow.Key(directory.Segment, from + i), BlocksOf(directory, from + i)))
                            wanted &= ~(1u << i);
                    await LoadAsync(client, directory, from, wanted, [], _ => 0);
                }
            }
            catch (Exception e) when (e is ObjectStoreException or IOException)
            {
                // Whoever asks for it reads it again.
            }
        Interlocked.Decrement(ref _readAheads);
    }

    /// <summary>Reads a window that was in the cache and is not any more. ObjectStoreException where the store fails.</summary>
    public async Task WarmAsync(CacheClient client, SegmentDirectory directory, int window)
    {
        ulong key = CacheWindow.Key(directory.Segment, window);
        if (cache.Slots.Contains(key, BlocksOf(directory, window)))
            return;
        memory.Forget(key); // What is there already would not go on to the device.
        await LoadAsync(client, directory, window, 1, [], _ => 0);
    }

    /// <summary>True where blocks are in memory, on their way there, or in the cache.</summary>
    public bool HasAll(CacheClient client, SegmentId segment, int blockIndex, int blocks)
    {
        Span<SlotPiece> pieces = stackalloc SlotPiece[CacheWindow.Blocks];
        for (int at = blockIndex; at < blockIndex + blocks;)
        {
            (ulong key, int first, int count) = Part(segment, at, (blockIndex + blocks - at) * SegmentHeader.BlockBytes);
            if (!memory.Contains(key) && (client.Policy.Behaviour == CacheBehaviour.None || cache.Slots.Find(key, first, count, pieces) == 0))
                return false;
            at += count;
        }
        return true;
    }

    private bool TryReadPart(CacheClient client, ulong key, int first, Span<byte> destination, ReadOnlySpan<uint> crcs)
    {
        return TryReadMemory(client, key, first, destination)
            || (client.Policy.Behaviour != CacheBehaviour.None && cache.Slots.Any && cache.Reader.TryRead(client, key, first, destination, crcs));
    }

    private bool TryReadMemory(CacheClient client, ulong key, int first, Span<byte> destination)
    {
        if (!memory.TryRead(key, first, destination))
            return false;
        cache.Slots.CountHit(client, destination.Length);
        return true;
    }

    private async ValueTask<bool> ReadRunAsync(CacheClient client, SegmentDirectory directory, int blockIndex, Memory<byte> destination, CancellationToken cancellation)
    {
        int firstWindow = blockIndex >> CacheWindow.BlocksShift, end = blockIndex + destination.Length / SegmentHeader.BlockBytes;
        uint missing = Mask((end - 1 >> CacheWindow.BlocksShift) - firstWindow + 1);
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            for (uint look = missing; look != 0; look &= look - 1)
            {
                int i = BitOperations.TrailingZeroCount(look), from = Math.Max(blockIndex, (firstWindow + i) << CacheWindow.BlocksShift);
                int blocks = Math.Min(end, (firstWindow + i + 1) << CacheWindow.BlocksShift) - from;
                Memory<byte> part = destination.Slice((from - blockIndex) * SegmentHeader.BlockBytes, blocks * SegmentHeader.BlockBytes);
                ulong key = CacheWindow.Key(directory.Segment, firstWindow + i);
                int first = from & (CacheWindow.Blocks - 1);
                bool isThere = attempt == 0 ? TryReadMemory(client, key, first, part.Span) : memory.TryRead(key, first, part.Span);
                isThere = isThere || (attempt == 0 && client.Policy.Behaviour != CacheBehaviour.None
                        && await cache.Reader.ReadAsync(client, key, first, part, directory.BlockCrcs.AsMemory(from, blocks)));
                if (isThere)
                    missing &= ~(1u << i);
                else if (attempt == 0)
                    cache.Slots.CountMiss(client, part.Length);
            }
            if (missing == 0)
                return true;
            bool isAround = attempt == 0 && ReadAround(client, directory, firstWindow);
            try
            {
                await LoadAsync(client, directory, firstWindow, missing, [], Touched).WaitAsync(cancellation);
            }
            catch (ObjectStoreException) when (isAround)
            {
                // It may be for what lies around, which nobody asked for.
            }
        }
        return false;

        ushort Touched(int window)
        {
            int from = Math.Max(blockIndex, window << CacheWindow.BlocksShift), to = Math.Min(end, (window + 1) << CacheWindow.BlocksShift);
            return to <= from ? (ushort)0 : CacheWindow.Mask(from & (CacheWindow.Blocks - 1), to - from);
        }
    }

    /// <summary>
    /// While the cache has slots that nothing is in and the volume fits into it, a window that is missing is read with what lies around it, a MiB in the request that there is anyway: over a
    /// network a request costs more than its bytes, and a cold cache is warm after a sixteenth of the requests. What it costs in bytes and flash ends with the cache being full.
    /// </summary>
    private bool ReadAround(CacheClient client, SegmentDirectory directory, int window)
    {
        if (!_mayReadAround || !cache.HasRoomForAllOf(directory.Segment) || client.Policy is not { Behaviour: not CacheBehaviour.None, LimitBytes: 0 })
            return false;
        _ = ReadAheadAsync(client, directory, (window & -WindowsAround) << CacheWindow.BlocksShift, WindowsAround << CacheWindow.BlocksShift);
        return true;
    }

    /// <summary>Loads the windows whose bits are set, those in a row in one request, and waits also for those that others load.</summary>
    private async Task LoadAsync(
        CacheClient client, SegmentDirectory directory, int firstWindow, uint wanted, List<MemoryWindow> mine, Func<int, ushort> touched)
    {
        List<Task> loads = [];
        int start = 0;
        for (int i = 0; i <= WindowsPerRequest; i++)
        {
            bool isNew = false;
            if (i < WindowsPerRequest && (wanted & (1u << i)) != 0 && memory.Begin(CacheWindow.Key(directory.Segment, firstWindow + i), out isNew) is { } window)
            {
                if (isNew)
                {
                    if (mine.Count == 0)
                        start = firstWindow + i;
                    mine.Add(window);
                }
                else
                {
                    loads.Add(window.Loading.Task);
                }
            }
            if (!isNew && mine.Count > 0)
            {
                loads.Add(LoadRowAsync(client, directory, start, [.. mine], touched));
                mine.Clear();
            }
        }
        await Task.WhenAll(loads);
    }

    private async Task LoadRowAsync(CacheClient client, SegmentDirectory directory, int firstWindow, MemoryWindow[] windows, Func<int, ushort> touched)
    {
        int firstBlock = firstWindow << CacheWindow.BlocksShift, blocks = Math.Min(windows.Length << CacheWindow.BlocksShift, directory.BlockCrcs.Length - firstBlock);
        byte[] bytes = windows.Length == 1 ? windows[0].Bytes : ArrayPool<byte>.Shared.Rent(windows.Length * CacheWindow.Bytes);
        try
        {
            await GetAsync(directory, firstBlock, bytes.AsMemory(0, blocks * SegmentHeader.BlockBytes), windows);
            for (int i = 0; i < windows.Length; i++)
            {
                int from = firstBlock + (i << CacheWindow.BlocksShift), count = Math.Min(CacheWindow.Blocks, directory.BlockCrcs.Length - from);
                if (windows.Length > 1)
                    bytes.AsSpan(i * CacheWindow.Bytes, count * SegmentHeader.BlockBytes).CopyTo(windows[i].Bytes);
                Complete(client, directory, windows[i], firstWindow + i, directory.BlockCrcs.AsMemory(from, count), touched(firstWindow + i));
            }
        }
        finally
        {
            if (windows.Length > 1)
                ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private async ValueTask GetAsync(SegmentDirectory directory, int firstBlock, Memory<byte> destination, MemoryWindow[] windows)
    {
        try
        {
            // Making and signing a request takes longer than handing it over: a connection's thread, which asks for many at once, is not held up by it.
            if (store.Capabilities.IsShared)
                await Task.Yield();
            await store.GetAsync(directory.Key, directory.HeaderBytes + (long)firstBlock * SegmentHeader.BlockBytes, destination, CancellationToken.None);
        }
        catch (Exception e)
        {
            foreach (MemoryWindow window in windows)
                memory.Fail(window, e);
            throw;
        }
    }

    private void Complete(CacheClient client, SegmentDirectory directory, MemoryWindow window, int index, ReadOnlyMemory<uint> crcs, ushort touched)
    {
        ushort valid = 0;
        for (int i = 0; i < crcs.Length; i++)
            if (Crc32C.Compute(window.Bytes.AsSpan(i * SegmentHeader.BlockBytes, SegmentHeader.BlockBytes)) == crcs.Span[i])
                valid |= CacheWindow.Mask(i, 1);
        bool isWanted = valid != 0 && cache.Slots.Any && client.Policy.Behaviour != CacheBehaviour.None;
        memory.Complete(window, valid, pin: isWanted);
        if (isWanted && !cache.Queue.TryAdd(
            client, new(window.Key, directory.Volume, directory.Sequence), window.Bytes.AsMemory(0, crcs.Length * SegmentHeader.BlockBytes), valid, touched, crcs, () => memory.Unpin(window)))
            memory.Unpin(window);
    }

    private static (ulong Key, int FirstBlock, int Blocks) Part(SegmentId segment, int blockIndex, int lengthBytes)
    {
        int first = blockIndex & (CacheWindow.Blocks - 1);
        return (CacheWindow.Key(segment, blockIndex >> CacheWindow.BlocksShift), first, Math.Min(CacheWindow.Blocks - first, lengthBytes / SegmentHeader.BlockBytes));
    }

    private static int BlocksOf(SegmentDirectory directory, int window) =>
        Math.Min(CacheWindow.Blocks, directory.BlockCrcs.Length - (window << CacheWindow.BlocksShift));

    private static uint Mask(int windows) => (uint)((1UL << windows) - 1);
}
