using Lunaria.Volumes.Destage;

namespace Lunaria.Volumes.Access;

/// <summary>
/// Keeps what the write log has of a volume, and the store not yet, within a limit: from two thirds of it on writers slow smoothly towards the speed of the destager, and at the limit they wait
/// until the store has taken something. What is under way when it is reached may go beyond it. Owned by the volume's governor; any thread.
/// </summary>
internal sealed class DirtyLimit(long limitBytes, EngineParts engine)
{
    // As of the log: bursts that are written over in it never reach the store.
    private const double StartShare = 0.4;
    private readonly WritePacer _pacer = new(engine.Time, engine.Pacer);

    /// <summary>True where the destager should not wait any longer.</summary>
    public bool WantsDestage(VolumeIndex index) => BytesOf(index) >= limitBytes * StartShare;

    /// <summary>True where a write need not ask for its wait.</summary>
    public bool IsFree(VolumeIndex index) => WritePacer.IsFree((ulong)BytesOf(index), (ulong)limitBytes);

    /// <summary>Ok = a write of so many bytes may go on; else why it cannot, after a wait as long as hosts bear.</summary>
    public async ValueTask<VolumeStatus> WaitAsync(VolumeIndex index, long bytes)
    {
        if (_pacer.Charge(bytes, (ulong)BytesOf(index), (ulong)limitBytes) is var pace && pace > TimeSpan.Zero)
        {
            engine.Marks.Ring();
            await Task.Delay(pace, engine.Time);
        }
        if (BytesOf(index) < limitBytes)
            return VolumeStatus.Ok;
        using CancellationTokenSource deadline = new(engine.Options.RoomWait, engine.Time);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, engine.Health.NoRoomSoon);
        try
        {
            while (true)
            {
                Task published = engine.Published.Next;
                if (BytesOf(index) < limitBytes)
                    return VolumeStatus.Ok;
                engine.Marks.Ring();
                await published.WaitAsync(end.Token);
            }
        }
        catch (OperationCanceledException)
        {
            return engine.Health.StatusOfFullLog;
        }
    }

    private static long BytesOf(VolumeIndex index) => index.BlocksInLog << BlockGeometry.BlockShift;
}
