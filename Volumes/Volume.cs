using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lunaria.Volumes.Access;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes;

/// <summary>
/// A thin-provisioned disk of <see cref="SizeBytes"/>, or a snapshot of one, which can only be read. Owned by its <see cref="VolumeManager"/>; all members are thread-safe.
/// Offsets and lengths are bytes, multiples of 512, inside the volume (ArgumentOutOfRangeException otherwise).
/// Overlapping calls may be ordered either way; each 4 KiB block is written or read whole.
/// </summary>
public sealed class Volume
{
    private const int MaxExtentLookups = 256;
    private readonly EngineParts _engine;
    private volatile VolumeHealth? _refusal;
    private volatile VolumeRecord _record;
    private volatile OpenLine _line;

    // Null where nothing is limited: that is all a volume without limits pays for them.
    private volatile IoGovernor? _governor;

    internal Volume(VolumeRecord record, OpenLine line, EngineParts engine, bool isReadOnly = false)
    {
        (_record, _line, _engine, IsReadOnly) = (record, line, engine, isReadOnly);
        line.Cache = isReadOnly ? engine.Segments.Cache?.Slots.Common : engine.Segments.Cache?.ClientOf(record.Uuid);
        if (record.State == VolumeRecordState.Closed)
            Refuse(new(HealthState.Closed, $"Volume '{record.Name}' was closed by the operator. Open it."));
    }

    /// <summary>Identity for ever; LUN identifiers are derived from it.</summary>
    public Guid Uuid => _record.Uuid;

    /// <summary>Unique among the volumes that exist; changes with <see cref="VolumeManager.RenameVolumeAsync"/>.</summary>
    public string Name => _record.Name;

    /// <summary>What the volume promises; a multiple of 4096. Changes with <see cref="VolumeManager.ResizeVolumeAsync"/> and a rollback.</summary>
    public long SizeBytes => _record.SizeBytes;

    /// <summary>When it was created.</summary>
    public DateTimeOffset Created => _record.Created;

    /// <summary>What it may do at most. Changes with <see cref="VolumeManager.SetLimitsAsync"/>.</summary>
    public VolumeLimits Limits { get; private set; } = VolumeLimits.None;

    /// <summary>True for a template, which takes no writes and is only cloned.</summary>
    public bool IsTemplate => _record.IsTemplate;

    /// <summary>True for a snapshot: writes are answered with <see cref="VolumeStatus.ReadOnly"/>.</summary>
    public bool IsReadOnly { get; }

    /// <summary>What the volume can do now.</summary>
    public VolumeHealth Health => _refusal ?? _engine.Health.Current(_engine.Log);

    /// <summary>The line it is on.</summary>
    internal OpenLine Line => _line;

    /// <summary>Why it refuses I/O; null where it does not.</summary>
    internal VolumeHealth? Refusal => _refusal;

    /// <summary>What lunaria.db says of it.</summary>
    internal VolumeRecord Record => _record;

    /// <summary>Of a snapshot, the generation whose end it shows.</summary>
    internal uint ViewGeneration { get; init; }

    /// <summary>True where the map has all that it began as, so that its statistics are its own.</summary>
    internal bool IsSettled => Index.IsSettled;

    internal VolumeIndex Index => _line.Index;

    /// <summary>True where so much of it waits in the log that the destager should begin.</summary>
    internal bool WantsDestage => _governor?.WantsDestage(Index) == true;

    /// <summary>Space of this volume now.</summary>
    public VolumeStatistics GetStatistics() =>
        new(Index.MappedBlocks << BlockGeometry.BlockShift, Index.BlocksInLog << BlockGeometry.BlockShift);

    /// <summary>Fills <paramref name="destination"/> without waiting for a medium; false = its content is undefined, use <see cref="ReadAsync"/>.</summary>
    public bool TryRead(long offsetBytes, Span<byte> destination)
    {
        CheckRange(offsetBytes, destination.Length);
        IoGovernor? governor = _governor;
        if (_refusal is not null || governor?.IsFree == false || !TryReadNow(offsetBytes, destination))
            return false;
        governor?.Count(1, destination.Length);
        return true;
    }

    /// <summary>Fills <paramref name="destination"/>; blocks nobody wrote are zeros.</summary>
    public ValueTask<VolumeStatus> ReadAsync(long offsetBytes, Memory<byte> destination)
    {
        CheckRange(offsetBytes, destination.Length);
        if (_refusal is { } refusal)
            return new(refusal.Status);
        return _governor is { } governor ? ReadInTurnAsync(governor, offsetBytes, destination) : ReadNowAsync(offsetBytes, destination);
    }

    private bool TryReadNow(long offsetBytes, Span<byte> destination)
    {
        BlockReader reader = _line.Reader;
        return BlockGeometry.IsAligned(offsetBytes, destination.Length)
            ? reader.TryRead((ulong)offsetBytes >> BlockGeometry.BlockShift, destination)
            : TryReadUnaligned(reader, offsetBytes, destination);
    }

    private ValueTask<VolumeStatus> ReadNowAsync(long offsetBytes, Memory<byte> destination)
    {
        if (TryReadNow(offsetBytes, destination.Span))
            return new(VolumeStatus.Ok);
        BlockReader reader = _line.Reader;
        return BlockGeometry.IsAligned(offsetBytes, destination.Length)
            ? reader.ReadAsync((ulong)offsetBytes >> BlockGeometry.BlockShift, destination)
            : ReadUnalignedAsync(reader, offsetBytes, destination);
    }

    /// <summary>
    /// Writes several ranges in their order without waiting: true = all of them survive the death of this process; false = none is
    /// written, use <see cref="WriteAsync"/> for each.
    /// </summary>
    public bool TryWriteBatch(ReadOnlySpan<long> offsetsBytes, ReadOnlySpan<ReadOnlyMemory<byte>> sources)
    {
        if (_governor is not { } governor)
            return TryWriteNow(offsetsBytes, sources, isPaced: true);
        if (!governor.IsFree || !governor.HasLogRoom(Index) || !TryWriteNow(offsetsBytes, sources, !governor.TryTakeFloor(sources.Length)))
            return false;
        long bytes = 0;
        foreach (ReadOnlyMemory<byte> source in sources)
            bytes += source.Length;
        governor.Count(sources.Length, bytes);
        return true;
    }

    private bool TryWriteNow(ReadOnlySpan<long> offsetsBytes, ReadOnlySpan<ReadOnlyMemory<byte>> sources, bool isPaced)
    {
        for (int i = 0; i < sources.Length; i++)
        {
            CheckRange(offsetsBytes[i], sources[i].Length);
            if (!BlockGeometry.IsAligned(offsetsBytes[i], sources[i].Length))
                return false;
        }
        if (_refusal is not null || (isPaced && !WritePacer.IsFree(_engine.Log.UsedBytes, _engine.Log.CapacityBytes)))
            return false;
        try
        {
            return _line.Writer.TryWrite(offsetsBytes, sources, waited: false);
        }
        catch (Exception e) when (e is LogFencedException or DiskFullException)
        {
            return false;
        }
    }

    /// <summary>
    /// Writes <paramref name="source"/>. Complete = it survives the death of this process; with <paramref name="durable"/> the loss of power.
    /// The memory must stay unchanged until then.
    /// </summary>
    public ValueTask<VolumeStatus> WriteAsync(long offsetBytes, ReadOnlyMemory<byte> source, bool durable)
    {
        CheckRange(offsetBytes, source.Length);
        if (WriteRefusal is { } refused)
            return new(refused);
        ValueTask<VolumeStatus> write = _governor is { } governor ? WriteInTurnAsync(governor, offsetBytes, source) : WriteNowAsync(offsetBytes, source, isPaced: true);
        return durable ? ThenFlushAsync(write) : write;
    }

    private ValueTask<VolumeStatus> WriteNowAsync(long offsetBytes, ReadOnlyMemory<byte> source, bool isPaced) =>
        TryWriteNow(new(in offsetBytes), MemoryMarshal.CreateReadOnlySpan(in source, 1), isPaced)
            ? new(VolumeStatus.Ok)
            : _line.WaitingWriter.WriteAsync(offsetBytes, source, isPaced);

    private async ValueTask<VolumeStatus> ReadInTurnAsync(IoGovernor governor, long offsetBytes, Memory<byte> destination) =>
        await governor.WaitAsync(destination.Length) ? await ReadNowAsync(offsetBytes, destination) : VolumeStatus.Unavailable;

    private async ValueTask<VolumeStatus> WriteInTurnAsync(IoGovernor governor, long offsetBytes, ReadOnlyMemory<byte> source)
    {
        VolumeStatus turn = await governor.WaitToWriteAsync(source.Length, Index);
        return WriteRefusal ?? (turn == VolumeStatus.Ok ? await WriteNowAsync(offsetBytes, source, !governor.TryTakeFloor(1)) : turn);
    }

    private async ValueTask<VolumeStatus> UnmapInTurnAsync(IoGovernor governor, long offsetBytes, long lengthBytes) =>
        await governor.WaitAsync(0) && WriteRefusal is null ? await _line.WaitingWriter.UnmapAsync(offsetBytes, lengthBytes) : WriteRefusal ?? VolumeStatus.Unavailable;

    /// <summary>Complete = every write completed before the call survives the loss of power; MediumError = that is not known, the log is fenced.</summary>
    public ValueTask<VolumeStatus> FlushAsync()
    {
        if (_refusal is { } refusal)
            return new(refusal.Status);
        try
        {
            ValueTask flush = _engine.Log.FlushAsync();
            if (!flush.IsCompletedSuccessfully)
                return AwaitFlushAsync(flush);
            flush.GetAwaiter().GetResult();
            return new(VolumeStatus.Ok);
        }
        catch (LogFencedException)
        {
            return new(VolumeStatus.MediumError);
        }
    }

    /// <summary>Makes a range read as zeros and gives back the space of its whole blocks.</summary>
    public ValueTask<VolumeStatus> UnmapAsync(long offsetBytes, long lengthBytes)
    {
        CheckRange(offsetBytes, lengthBytes);
        return WriteRefusal is { } refused ? new(refused)
            : lengthBytes == 0 ? new(VolumeStatus.Ok)
            : _governor is { } governor ? UnmapInTurnAsync(governor, offsetBytes, lengthBytes) : _line.WaitingWriter.UnmapAsync(offsetBytes, lengthBytes);
    }

    /// <summary>
    /// The run of equal provisioning that starts at <paramref name="offsetBytes"/>: mapped or not, and how many bytes of it follow (at least 512,
    /// at most <paramref name="lengthBytes"/>; may be shorter than the whole run).
    /// </summary>
    public async ValueTask<(VolumeStatus Status, bool Mapped, long LengthBytes)> GetExtentAsync(long offsetBytes, long lengthBytes)
    {
        CheckRange(offsetBytes, lengthBytes);
        ArgumentOutOfRangeException.ThrowIfZero(lengthBytes);
        var runs = new BlockRun[16];
        var crcs = new uint[BlockMap.LeafBlocks];
        long end = offsetBytes + lengthBytes, at = offsetBytes & -BlockGeometry.BlockBytes;
        bool? mapped = null;
        for (int lookup = 0; lookup < MaxExtentLookups && at < end; lookup++)
        {
            int wanted = (int)Math.Min(crcs.Length, (end - at + BlockGeometry.BlockBytes - 1) >> BlockGeometry.BlockShift);
            (VolumeStatus status, int count) = await _line.Reader.ResolveAsync((ulong)at >> BlockGeometry.BlockShift, wanted, runs, crcs);
            if (status != VolumeStatus.Ok)
                return (status, false, 0);
            foreach (BlockRun run in runs.AsSpan(0, count))
            {
                bool isData = run.Place != BlockPlace.Hole;
                if (isData != (mapped ??= isData))
                    return (VolumeStatus.Ok, mapped.Value, at - offsetBytes);
                at += (long)run.LengthBlocks << BlockGeometry.BlockShift;
            }
        }
        return (VolumeStatus.Ok, mapped!.Value, Math.Min(at, end) - offsetBytes);
    }

    /// <summary>The volume refuses all I/O from now on; null = no more.</summary>
    internal void Refuse(VolumeHealth? cause) => _refusal = cause;

    /// <summary>What counts from the next operation on.</summary>
    internal void SetLimits(VolumeLimits limits)
    {
        Limits = limits;
        _governor = limits == VolumeLimits.None ? null : new(limits, _engine);
    }

    /// <summary>Its name, size or line is another one.</summary>
    internal void Change(VolumeRecord record, OpenLine? line = null)
    {
        if (line is not null)
            (line.Cache, _line) = (_line.Cache, line);
        _record = record;
        _line.Name = record.Name;
    }

    /// <summary>What a write is answered with now without being tried; null = it is tried.</summary>
    internal VolumeStatus? WriteRefusal => _refusal?.Status ?? (IsReadOnly || _record.IsTemplate ? VolumeStatus.ReadOnly : null);

    [SkipLocalsInit]
    private static bool TryReadUnaligned(BlockReader reader, long offsetBytes, Span<byte> destination)
    {
        Span<byte> block = stackalloc byte[BlockGeometry.BlockBytes];
        while (destination.Length > 0)
        {
            ulong number = (ulong)offsetBytes >> BlockGeometry.BlockShift;
            int within = (int)(offsetBytes & (BlockGeometry.BlockBytes - 1)), length = Math.Min(BlockGeometry.BlockBytes - within, destination.Length);
            if (within == 0 && destination.Length >= BlockGeometry.BlockBytes)
            {
                length = destination.Length & -BlockGeometry.BlockBytes;
                if (!reader.TryRead(number, destination[..length]))
                    return false;
            }
            else
            {
                if (!reader.TryRead(number, block))
                    return false;
                block.Slice(within, length).CopyTo(destination);
            }
            offsetBytes += length;
            destination = destination[length..];
        }
        return true;
    }

    private static async ValueTask<VolumeStatus> ReadUnalignedAsync(BlockReader reader, long offsetBytes, Memory<byte> destination)
    {
        long start = offsetBytes & -BlockGeometry.BlockBytes;
        int length = (int)(((offsetBytes + destination.Length + BlockGeometry.BlockBytes - 1) & -BlockGeometry.BlockBytes) - start);
        byte[] whole = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            VolumeStatus status = await reader.ReadAsync((ulong)start >> BlockGeometry.BlockShift, whole.AsMemory(0, length));
            whole.AsSpan((int)(offsetBytes - start), destination.Length).CopyTo(destination.Span);
            return status;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    private async ValueTask<VolumeStatus> ThenFlushAsync(ValueTask<VolumeStatus> write)
    {
        VolumeStatus status = await write;
        return status == VolumeStatus.Ok ? await FlushAsync() : status;
    }

    private static async ValueTask<VolumeStatus> AwaitFlushAsync(ValueTask flush)
    {
        try
        {
            await flush;
            return VolumeStatus.Ok;
        }
        catch (LogFencedException)
        {
            return VolumeStatus.MediumError;
        }
    }

    /// <summary>Throws where a range is not whole blocks inside the volume.</summary>
    internal void CheckBlocks(long offsetBytes, long lengthBytes)
    {
        CheckRange(offsetBytes, lengthBytes);
        if (!BlockGeometry.IsAligned(offsetBytes, lengthBytes))
            throw new ArgumentOutOfRangeException(nameof(offsetBytes), $"{lengthBytes} bytes at {offsetBytes} are not whole blocks of {BlockGeometry.BlockBytes} bytes.");
    }

    private void CheckRange(long offsetBytes, long lengthBytes)
    {
        if (((offsetBytes | lengthBytes) & (BlockGeometry.SectorBytes - 1)) != 0 || offsetBytes < 0 || lengthBytes < 0 || offsetBytes > SizeBytes - lengthBytes)
            throw new ArgumentOutOfRangeException(
                nameof(offsetBytes), $"{lengthBytes} bytes at {offsetBytes} are not whole sectors inside volume '{Name}' of {SizeBytes} bytes.");
    }
}
