namespace Lunaria.Iscsi.Scsi;

/// <summary>
/// The medium behind a logical unit: the one thing an embedder implements. Offsets and lengths are bytes and always multiples
/// of <see cref="BlockDeviceGeometry.LogicalBlockBytes"/>, inside the medium. Called by many connection threads at once;
/// overlapping calls may be ordered either way. Owned by whoever created it: the target never disposes it.
/// </summary>
/// <remarks>
/// Only the first four members are needed. The others have defaults that are true for any medium; a medium that can do better
/// overrides them, and the device server then advertises what it offers.
/// </remarks>
public interface IBlockDevice
{
    /// <summary>Size and block lengths now; may grow while hosts are logged in.</summary>
    BlockDeviceGeometry Geometry { get; }

    /// <summary>Fills <paramref name="destination"/> from <paramref name="offsetBytes"/>. Await the result before touching the memory.</summary>
    ValueTask<BlockStatus> ReadAsync(long offsetBytes, Memory<byte> destination);

    /// <summary>
    /// Writes <paramref name="source"/>. Complete = it survives the death of this process; with <paramref name="forceUnitAccess"/>
    /// it survives the loss of power. The memory must stay unchanged until the task completes.
    /// </summary>
    ValueTask<BlockStatus> WriteAsync(long offsetBytes, ReadOnlyMemory<byte> source, bool forceUnitAccess);

    /// <summary>Complete = every write completed before the call survives the loss of power (SBC-4 5.33 SYNCHRONIZE CACHE).</summary>
    ValueTask<BlockStatus> FlushAsync();

    /// <summary>
    /// Reads without waiting for a medium: true = all of <paramref name="destination"/> is filled; false = nothing is said of its
    /// content and the caller uses <see cref="ReadAsync"/>.
    /// </summary>
    bool TryRead(long offsetBytes, Span<byte> destination) => false;

    /// <summary>
    /// Writes several ranges at once, in their order, without waiting: true = all are written as <see cref="WriteAsync"/> without
    /// forced unit access would; false = none is, and the caller uses <see cref="WriteAsync"/> for each.
    /// </summary>
    bool TryWriteBatch(ReadOnlySpan<long> offsetsBytes, ReadOnlySpan<ReadOnlyMemory<byte>> sources) => false;

    /// <summary>What the medium does with blocks nobody wrote; None = a thick medium.</summary>
    ThinProvisioning Thin => ThinProvisioning.None;

    /// <summary>
    /// Longest write, bytes, of which neither a loss of power nor the end of this process ever leaves a part, and of whose physical blocks a
    /// concurrent read never shows a part; a multiple of the logical block. Reads of several blocks the device server keeps apart itself.
    /// 0 = no such promise, and WRITE ATOMIC is not offered. Constant.
    /// </summary>
    int AtomicWriteBytes => 0;

    /// <summary>Space used and left behind a thin medium; null = not known. A value or null for good, decided when the unit is made.</summary>
    ThinSpace? Space => null;

    /// <summary>Makes a range read as zeros and gives its space back where <see cref="Thin"/> offers it. Default: not offered.</summary>
    ValueTask<BlockStatus> UnmapAsync(long offsetBytes, long lengthBytes) => ValueTask.FromResult(BlockStatus.NotSupported);

    /// <summary>
    /// True where all that the medium holds is encrypted with a key that nothing else is encrypted with, so that <see cref="EraseAsync"/> can throw it away: SANITIZE,
    /// CRYPTOGRAPHIC ERASE is offered. Decided when the unit is made.
    /// </summary>
    bool HasOwnKey => false;

    /// <summary>True where <see cref="EraseAsync"/> can do what it promises now; false while others share what the medium holds.</summary>
    ValueTask<bool> CanEraseAsync() => ValueTask.FromResult(false);

    /// <summary>
    /// Throws the key away: all blocks read as zeros then, and what they held can never be read again. Complete = durable. NotSupported, without effect, where that cannot be
    /// done now. Reads and writes meanwhile may be refused. <paramref name="progress"/> hears now and then what share is done, from 0 to 1.
    /// </summary>
    ValueTask<BlockStatus> EraseAsync(Action<double> progress) => ValueTask.FromResult(BlockStatus.NotSupported);

    /// <summary>
    /// Somebody is about to clone a range of this medium: what could not be shared yet is made so, as far as that takes seconds. Called while nothing is held up by it.
    /// Default: there is nothing to do.
    /// </summary>
    ValueTask PrepareCloneAsync(long offsetBytes, long lengthBytes) => ValueTask.CompletedTask;

    /// <summary>
    /// Makes <paramref name="lengthBytes"/> from <paramref name="destinationOffsetBytes"/> of this medium read as what <paramref name="source"/> has at
    /// <paramref name="sourceOffsetBytes"/>, by sharing it, so that no byte moves; later changes of the one do not touch the other. Complete = as
    /// <see cref="WriteAsync"/> without forced unit access. The two ranges do not overlap. NotSupported, without effect, where the two media or the
    /// alignment do not allow it: then the bytes are moved. Default: not supported.
    /// </summary>
    ValueTask<BlockStatus> TryCloneRangeAsync(IBlockDevice source, long sourceOffsetBytes, long destinationOffsetBytes, long lengthBytes) =>
        ValueTask.FromResult(BlockStatus.NotSupported);

    /// <summary>
    /// The run of equal provisioning that starts at <paramref name="offsetBytes"/>: true = mapped, false = deallocated, and how many
    /// bytes of it follow (at least one block, at most <paramref name="lengthBytes"/>). Default: all is mapped.
    /// </summary>
    ValueTask<(bool Mapped, long LengthBytes)> GetExtentAsync(long offsetBytes, long lengthBytes) => ValueTask.FromResult((true, lengthBytes));
}

/// <summary>Sizes of a medium. <paramref name="LogicalBlockBytes"/>: 512 or 4096; <paramref name="PhysicalBlockBytes"/>: a multiple of it.</summary>
public readonly record struct BlockDeviceGeometry(long LengthBytes, int LogicalBlockBytes = 512, int PhysicalBlockBytes = 4096, bool ReadOnly = false);

/// <summary>Thin provisioning as a medium offers it. <paramref name="GranularityBytes"/> 0 = none. Unmapped ranges always read as zeros.</summary>
public readonly record struct ThinProvisioning(int GranularityBytes)
{
    /// <summary>A thick medium: UNMAP is not offered.</summary>
    public static ThinProvisioning None => default;

    /// <summary>True where UNMAP gives space back.</summary>
    public bool Supported => GranularityBytes > 0;
}

/// <summary>
/// Space behind a thin medium. <paramref name="UsedBytes"/>: mapped by this medium; <paramref name="AvailableBytes"/>: still to be had,
/// where <paramref name="Shared"/> from a pool that others use, too.
/// </summary>
public readonly record struct ThinSpace(long UsedBytes, long AvailableBytes, bool Shared);

/// <summary>The expected outcomes of a medium; one table maps them to sense data. Anything else is a bug and thrown.</summary>
public enum BlockStatus
{
    /// <summary>Done.</summary>
    Ok,
    /// <summary>No space left for a write that needs some; reads and unmaps go on (DATA PROTECT 27/07).</summary>
    OutOfSpace,
    /// <summary>The medium takes no writes (DATA PROTECT 27/00).</summary>
    ReadOnly,
    /// <summary>Cannot be done now, but later: the host is told BUSY and tries again.</summary>
    Unavailable,
    /// <summary>The stored bytes are damaged or lost (MEDIUM ERROR 11/00 for reads, 0C/00 for writes).</summary>
    MediumError,
    /// <summary>The medium refuses all I/O until an operator acts (NOT READY 04/03).</summary>
    Faulted,
    /// <summary>The medium does not offer this.</summary>
    NotSupported,
}
