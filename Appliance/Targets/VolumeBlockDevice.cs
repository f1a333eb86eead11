using System.Runtime.CompilerServices;
using Lunaria.Iscsi.Scsi;
using Lunaria.Volumes;
using Lunaria.Volumes.Backend;

namespace Lunaria.Appliance.Targets;

/// <summary>
/// A volume of <paramref name="engine"/>, whose data lies in <paramref name="objects"/>, as the medium of a logical unit: the one place where the engine's outcomes become the
/// target's. Holds nothing of its own; allocates nothing where the volume completes synchronously. Any thread.
/// </summary>
internal sealed class VolumeBlockDevice(VolumeManager engine, Volume volume, IObjectStore objects, int logicalBlockBytes = 512, bool readOnly = false) : IBlockDevice
{
    /// <summary>What the engine maps by; smaller unmaps give back no space.</summary>
    private const int BlockBytes = 4096;

    /// <summary>A write of this length, of whatever alignment, is one record of the log, which replay takes whole or not at all.</summary>
    private const int AtomicBytes = 256 << 10;

    private VolumeManager Engine => engine;

    private Volume Volume => volume;

    /// <inheritdoc/>
    public BlockDeviceGeometry Geometry => new(volume.SizeBytes, logicalBlockBytes, PhysicalBlockBytes: BlockBytes, readOnly);

    /// <inheritdoc/>
    public ThinProvisioning Thin => new(BlockBytes);

    /// <inheritdoc/>
    public int AtomicWriteBytes => AtomicBytes;

    /// <inheritdoc/>
    public ThinSpace? Space
    {
        get
        {
            var used = volume.GetStatistics();
            return objects.Space is { } space ? new ThinSpace(used.MappedBytes + used.InLogBytes, space.FreeBytes, Shared: true) : null;
        }
    }

    /// <inheritdoc/>
    public ValueTask<BlockStatus> ReadAsync(long offsetBytes, Memory<byte> destination) => Map(volume.ReadAsync(offsetBytes, destination));

    /// <inheritdoc/>
    public ValueTask<BlockStatus> WriteAsync(long offsetBytes, ReadOnlyMemory<byte> source, bool forceUnitAccess) =>
        Map(volume.WriteAsync(offsetBytes, source, forceUnitAccess));

    /// <inheritdoc/>
    public ValueTask<BlockStatus> FlushAsync() => Map(volume.FlushAsync());

    /// <inheritdoc/>
    public bool TryRead(long offsetBytes, Span<byte> destination) => volume.TryRead(offsetBytes, destination);

    /// <inheritdoc/>
    public bool TryWriteBatch(ReadOnlySpan<long> offsetsBytes, ReadOnlySpan<ReadOnlyMemory<byte>> sources) =>
        volume.TryWriteBatch(offsetsBytes, sources);

    /// <inheritdoc/>
    public ValueTask<BlockStatus> UnmapAsync(long offsetBytes, long lengthBytes) => Map(volume.UnmapAsync(offsetBytes, lengthBytes));

    /// <inheritdoc/>
    public bool HasOwnKey => !volume.IsReadOnly && engine.HasOwnKey(volume);

    /// <inheritdoc/>
    public async ValueTask<bool> CanEraseAsync() => await engine.FindEraseObstacleAsync(volume) is null;

    /// <inheritdoc/>
    public async ValueTask<BlockStatus> EraseAsync(Action<double> progress)
    {
        try
        {
            await engine.EraseAsync(volume, progress);
            return BlockStatus.Ok;
        }
        catch (InvalidOperationException)
        {
            return BlockStatus.NotSupported;
        }
        catch (Exception e) when (e is ObjectStoreException or IOException or InvalidDataException or OperationCanceledException)
        {
            return BlockStatus.MediumError;
        }
    }

    /// <inheritdoc/>
    public ValueTask PrepareCloneAsync(long offsetBytes, long lengthBytes) =>
        (offsetBytes | lengthBytes) % BlockBytes == 0 ? engine.SettleRangeAsync(volume, offsetBytes, lengthBytes) : ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask<BlockStatus> TryCloneRangeAsync(IBlockDevice source, long sourceOffsetBytes, long destinationOffsetBytes, long lengthBytes) =>
        source is VolumeBlockDevice other && other.Engine == engine && (sourceOffsetBytes | destinationOffsetBytes | lengthBytes) % BlockBytes == 0
            ? Map(engine.CloneRangeAsync(other.Volume, sourceOffsetBytes, volume, destinationOffsetBytes, lengthBytes))
            : ValueTask.FromResult(BlockStatus.NotSupported);

    /// <inheritdoc/>
    public async ValueTask<(bool Mapped, long LengthBytes)> GetExtentAsync(long offsetBytes, long lengthBytes)
    {
        var (status, mapped, runBytes) = await volume.GetExtentAsync(offsetBytes, lengthBytes);

        // What cannot be told now counts as mapped: a host that believes it reads the range instead of skipping it.
        return status == VolumeStatus.Ok ? (mapped, runBytes) : (true, lengthBytes);
    }

    /// <summary>The target's word for an outcome of the engine.</summary>
    internal static BlockStatus Map(VolumeStatus status) => status switch
    {
        VolumeStatus.Ok => BlockStatus.Ok,
        VolumeStatus.OutOfSpace => BlockStatus.OutOfSpace,
        VolumeStatus.ReadOnly => BlockStatus.ReadOnly,
        VolumeStatus.Unavailable => BlockStatus.Unavailable,
        VolumeStatus.MediumError => BlockStatus.MediumError,
        VolumeStatus.Faulted => BlockStatus.Faulted,
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "an outcome that the adapter does not know"),
    };

    private static ValueTask<BlockStatus> Map(ValueTask<VolumeStatus> pending) =>
        pending.IsCompletedSuccessfully ? ValueTask.FromResult(Map(pending.GetAwaiter().GetResult())) : AwaitAsync(pending);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<BlockStatus> AwaitAsync(ValueTask<VolumeStatus> pending) => Map(await pending);
}
