using Lunaria.Iscsi.Scsi.Units;
using Lunaria.Iscsi.Sessions;

namespace Lunaria.Iscsi.Transport;

/// <summary>
/// Pinned buffers in size classes under one hard limit for the whole server. When the limit is reached nothing throws: renting fails,
/// and whoever asked is told when buffers come back. Any thread.
/// </summary>
internal sealed class BufferPool(long limitBytes)
{
    /// <summary>Room for headers and digests beside a full data segment.</summary>
    public const int OverheadBytes = 4096;

    private static readonly int[] ClassBytes =
    [
        4096, 16384, 65536, 262144 + OverheadBytes, (1 << 20) + OverheadBytes, 2 << 20, 4 << 20, 8 << 20, 16 << 20,
        UnitLimits.MaxTransferBytes,
    ];

    private readonly Lock gate = new();
    private readonly Stack<PooledBuffer>[] free = [.. ClassBytes.Select(_ => new Stack<PooledBuffer>())];
    private readonly HashSet<ConnectionInbox> waiters = [];
    private TaskCompletionSource? idle;
    private long allocatedBytes, rentedBytes;

    /// <summary>The longest buffer there is: the longest transfer of a logical unit fits.</summary>
    public static int MaxLengthBytes => ClassBytes[^1];

    /// <summary>Kept for those who have little: who has much already gets nothing of the last eighth.</summary>
    private readonly long limitForGreedyBytes = limitBytes - (limitBytes / 8);

    /// <summary>Bytes in use now.</summary>
    public long RentedBytes => Interlocked.Read(ref rentedBytes);

    /// <summary>True while half of it is free: then what waits for other connections may wait in its buffers, without taking those that these need.</summary>
    public bool HasPlenty => RentedBytes < limitBytes / 2;

    /// <summary>Completes when no buffer is in use.</summary>
    public Task WhenIdleAsync()
    {
        lock (gate) return rentedBytes == 0 ? Task.CompletedTask : (idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    /// <summary>A buffer of at least <paramref name="lengthBytes"/>, or null when the limit is reached.</summary>
    /// <param name="greedy">True for a connection that has much already.</param>
    public PooledBuffer? TryRent(int lengthBytes, bool greedy = false)
    {
        int sizeClass = 0;
        while (ClassBytes[sizeClass] < lengthBytes) sizeClass++;
        lock (gate)
        {
            if (greedy && rentedBytes + ClassBytes[sizeClass] > limitForGreedyBytes) return null;
            if (!free[sizeClass].TryPop(out PooledBuffer? buffer))
            {
                if (!MakeRoom(ClassBytes[sizeClass])) return null;
                buffer = new(sizeClass, ClassBytes[sizeClass]);
                allocatedBytes += ClassBytes[sizeClass];
            }
            buffer.IsRented = true;
            rentedBytes += buffer.Array.Length;
            return buffer;
        }
    }

    /// <summary>The same; when the limit is reached, <paramref name="waiter"/> hears of the next buffer that comes back.</summary>
    public PooledBuffer? TryRent(int lengthBytes, ConnectionInbox waiter, bool greedy = false)
    {
        if (TryRent(lengthBytes, greedy) is PooledBuffer buffer) return buffer;
        lock (gate) waiters.Add(waiter);
        // One may have come back in between.
        return TryRent(lengthBytes, greedy);
    }

    /// <summary>Gives a buffer back.</summary>
    public void Return(PooledBuffer buffer)
    {
        ConnectionInbox[]? told = null;
        lock (gate)
        {
            if (!buffer.IsRented) throw new InvalidOperationException("A buffer came back to the pool twice: its owner is wrong.");
            buffer.IsRented = false;
            rentedBytes -= buffer.Array.Length;
            free[buffer.SizeClass].Push(buffer);
            if (rentedBytes == 0)
            {
                idle?.SetResult();
                idle = null;
            }
            if (waiters.Count > 0)
            {
                told = [.. waiters];
                waiters.Clear();
            }
        }
        if (told is null) return;
        foreach (ConnectionInbox waiter in told) waiter.Post(new(MessageKind.BufferReturned, null));
    }

    /// <summary>Drops free buffers of other classes until one of <paramref name="lengthBytes"/> fits under the limit.</summary>
    private bool MakeRoom(int lengthBytes)
    {
        for (int i = free.Length - 1; i >= 0 && allocatedBytes + lengthBytes > limitBytes; i--)
            while (allocatedBytes + lengthBytes > limitBytes && free[i].TryPop(out _))
                allocatedBytes -= ClassBytes[i];
        return allocatedBytes + lengthBytes <= limitBytes;
    }
}
