using Lunaria.Iscsi.Scsi;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>
/// A medium in memory with thin provisioning in granules of 4 KiB, with faults on demand. Calls that are told to wait complete when
/// <see cref="Release"/> is called.
/// </summary>
internal sealed class RamDevice(long lengthBytes, int blockBytes = 512, bool thin = true, bool hasOwnKey = false) : IBlockDevice
{
    private const int Granule = 4096;

    private readonly Lock sync = new();
    private readonly HashSet<long> mapped = [];
    private byte[] bytes = new byte[lengthBytes];
    private TaskCompletionSource? waiting;

    public bool ReadOnly { get; set; }

    /// <summary>What the next reads and writes answer.</summary>
    public BlockStatus Outcome { get; set; }

    /// <summary>True: writes to what is not mapped find no space.</summary>
    public bool IsFull { get; set; }

    public long AvailableBytes { get; set; } = 1L << 40;

    public int Flushes { get; private set; }

    public int Reads { get; private set; }

    /// <summary>True: it clones ranges of other such devices.</summary>
    public bool Clones { get; set; }

    /// <summary>Bytes that were shared and not written.</summary>
    public long ClonedBytes { get; private set; }

    public int ForcedWrites { get; private set; }

    public bool HasOwnKey => hasOwnKey;

    /// <summary>True: others share what it holds, so that its key cannot be thrown away.</summary>
    public bool IsShared { get; set; }

    public BlockDeviceGeometry Geometry => new(bytes.Length, blockBytes, Granule, ReadOnly);

    public ThinProvisioning Thin => thin ? new ThinProvisioning(Granule) : ThinProvisioning.None;

    public int AtomicWriteBytes => 1 << 20;

    public ThinSpace? Space => thin ? new ThinSpace(mapped.Count * (long)Granule, AvailableBytes, true) : null;

    public void Resize(long lengthBytes) => Array.Resize(ref bytes, (int)lengthBytes);

    /// <summary>From now on writes wait for <see cref="Release"/>.</summary>
    public void Hold() => waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release() => waiting?.SetResult();

    public Span<byte> Raw(long offsetBytes, int lengthBytes) => bytes.AsSpan((int)offsetBytes, lengthBytes);

    public ValueTask<BlockStatus> ReadAsync(long offsetBytes, Memory<byte> destination)
    {
        lock (sync)
        {
            Reads++;
            if (Outcome == BlockStatus.Ok) Raw(offsetBytes, destination.Length).CopyTo(destination.Span);
            return ValueTask.FromResult(Outcome);
        }
    }

    public async ValueTask<BlockStatus> WriteAsync(long offsetBytes, ReadOnlyMemory<byte> source, bool forceUnitAccess)
    {
        ArgumentOutOfRangeException.ThrowIfZero(source.Length);
        if (waiting is { } gate) await gate.Task;
        lock (sync)
        {
            if (Outcome != BlockStatus.Ok) return Outcome;
            if (IsFull && !mapped.Contains(offsetBytes / Granule)) return BlockStatus.OutOfSpace;
            source.Span.CopyTo(Raw(offsetBytes, source.Length));
            for (long granule = offsetBytes / Granule; granule * Granule < offsetBytes + source.Length; granule++) mapped.Add(granule);
            if (forceUnitAccess) ForcedWrites++;
            return BlockStatus.Ok;
        }
    }

    public ValueTask<BlockStatus> FlushAsync()
    {
        Flushes++;
        return ValueTask.FromResult(Outcome);
    }

    public ValueTask<BlockStatus> UnmapAsync(long offsetBytes, long lengthBytes)
    {
        lock (sync)
        {
            Raw(offsetBytes, (int)lengthBytes).Clear();
            long first = (offsetBytes + Granule - 1) / Granule;
            for (long granule = first; (granule + 1) * Granule <= offsetBytes + lengthBytes; granule++) mapped.Remove(granule);
            return ValueTask.FromResult(Outcome);
        }
    }

    public ValueTask<bool> CanEraseAsync() => ValueTask.FromResult(hasOwnKey && !IsShared);

    public async ValueTask<BlockStatus> EraseAsync(Action<double> progress)
    {
        progress(0.5);
        if (waiting is { } gate) await gate.Task;
        lock (sync)
        {
            if (Outcome != BlockStatus.Ok) return Outcome;
            bytes.AsSpan().Clear();
            mapped.Clear();
        }

        return BlockStatus.Ok;
    }

    public ValueTask<BlockStatus> TryCloneRangeAsync(IBlockDevice source, long sourceOffsetBytes, long destinationOffsetBytes, long lengthBytes)
    {
        if (!Clones || source is not RamDevice other) return ValueTask.FromResult(BlockStatus.NotSupported);
        ClonedBytes += lengthBytes;
        byte[] data = other.Raw(sourceOffsetBytes, (int)lengthBytes).ToArray();
        lock (sync) data.CopyTo(Raw(destinationOffsetBytes, data.Length));
        return ValueTask.FromResult(BlockStatus.Ok);
    }

    public ValueTask<(bool Mapped, long LengthBytes)> GetExtentAsync(long offsetBytes, long lengthBytes)
    {
        lock (sync)
        {
            bool first = !thin || mapped.Contains(offsetBytes / Granule);
            long at = ((offsetBytes / Granule) + 1) * Granule;
            while (thin && at < offsetBytes + lengthBytes && mapped.Contains(at / Granule) == first) at += Granule;
            return ValueTask.FromResult((first, thin ? Math.Min(at - offsetBytes, lengthBytes) : lengthBytes));
        }
    }
}
