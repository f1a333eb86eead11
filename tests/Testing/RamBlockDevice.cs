using Lunaria.Iscsi.Scsi;

namespace Lunaria.Testing;

/// <summary>
/// A medium in memory. <see cref="ShortCuts"/> can be switched off, and <see cref="Hold"/> makes every waiting call wait until it is let
/// go. Any thread.
/// </summary>
internal sealed class RamBlockDevice(int lengthBytes, int blockBytes = 512) : IBlockDevice
{
    private readonly byte[] bytes = GC.AllocateArray<byte>(lengthBytes, pinned: true);
    private volatile TaskCompletionSource? hold;
    private volatile TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int waiting;

    public BlockDeviceGeometry Geometry { get; } = new(lengthBytes, blockBytes, 4096);
    public ThinProvisioning Thin => new(4096);

    /// <summary>False: TryRead and TryWriteBatch always decline.</summary>
    public bool ShortCuts { get; set; } = true;

    /// <summary>Not null: what every call answers from now on.</summary>
    public BlockStatus? Fault { get; set; }

    /// <summary>Not null: what every waiting call throws.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Not null: called with offset and length of every read before it is done; a test plants a bug here.</summary>
    public Action<long, int>? Reading { get; set; }

    public Span<byte> Bytes => bytes;

    /// <summary>Calls that wait now.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>From now on calls wait, and there are no short cuts.</summary>
    public void Hold()
    {
        entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Completes when a call has begun to wait.</summary>
    public Task WhenHeldAsync() => entered.Task.WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>Lets all go.</summary>
    public void LetGo()
    {
        TaskCompletionSource? all = hold;
        hold = null;
        all?.TrySetResult();
    }

    public async ValueTask<BlockStatus> ReadAsync(long offsetBytes, Memory<byte> destination)
    {
        await WaitAsync();
        if (Fault is BlockStatus fault) return fault;
        Reading?.Invoke(offsetBytes, destination.Length);
        bytes.AsSpan((int)offsetBytes, destination.Length).CopyTo(destination.Span);
        return BlockStatus.Ok;
    }

    public async ValueTask<BlockStatus> WriteAsync(long offsetBytes, ReadOnlyMemory<byte> source, bool forceUnitAccess)
    {
        ArgumentOutOfRangeException.ThrowIfZero(source.Length);
        await WaitAsync();
        if (Fault is BlockStatus fault) return fault;
        source.Span.CopyTo(bytes.AsSpan((int)offsetBytes));
        return BlockStatus.Ok;
    }

    public async ValueTask<BlockStatus> FlushAsync()
    {
        await WaitAsync();
        return Fault ?? BlockStatus.Ok;
    }

    public bool TryRead(long offsetBytes, Span<byte> destination)
    {
        Reading?.Invoke(offsetBytes, destination.Length);
        if (!ShortCuts || hold is not null || Fault is not null) return false;
        bytes.AsSpan((int)offsetBytes, destination.Length).CopyTo(destination);
        return true;
    }

    public bool TryWriteBatch(ReadOnlySpan<long> offsetsBytes, ReadOnlySpan<ReadOnlyMemory<byte>> sources)
    {
        if (!ShortCuts || hold is not null || Fault is not null) return false;
        for (int i = 0; i < offsetsBytes.Length; i++) sources[i].Span.CopyTo(bytes.AsSpan((int)offsetsBytes[i]));
        return true;
    }

    public ValueTask<BlockStatus> UnmapAsync(long offsetBytes, long lengthBytes)
    {
        bytes.AsSpan((int)offsetBytes, (int)lengthBytes).Clear();
        return ValueTask.FromResult(BlockStatus.Ok);
    }

    private async Task WaitAsync()
    {
        if (Failure is not null) throw Failure;
        if (hold is not TaskCompletionSource now)
        {
            if (!ShortCuts) await Task.Yield();
            return;
        }
        Interlocked.Increment(ref waiting);
        entered.TrySetResult();
        await now.Task;
        Interlocked.Decrement(ref waiting);
    }
}
