using Lunaria.Volumes.Access;

namespace Lunaria.Volumes;

/// <summary>Copies by reference.</summary>
public sealed partial class VolumeManager
{
    /// <summary>What a clone copies out of the log rather than wait, in blocks.</summary>
    private const long MaxCopiedBlocks = 1024;

    private static readonly TimeSpan LongestSettling = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Where the log holds more than 4 MiB of a range, waits until the object store has it, 3 s at most, so that <see cref="CloneRangeAsync"/> shares it and has nothing to copy.
    /// Of whole blocks inside the volume.
    /// </summary>
    public async ValueTask SettleRangeAsync(Volume source, long offsetBytes, long lengthBytes)
    {
        source.CheckBlocks(offsetBytes, lengthBytes);
        if (source.Index.BlocksInLog <= MaxCopiedBlocks
            || await source.Line.Reader.CountInLogAsync(
                (ulong)offsetBytes >> BlockGeometry.BlockShift, (ulong)lengthBytes >> BlockGeometry.BlockShift, MaxCopiedBlocks) <= MaxCopiedBlocks)
            return;
        try
        {
            await _destager.DestageAsync(checkpoint: false).WaitAsync(LongestSettling, _engine.Time);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException or IOException)
        {
            // A store that is slow, full or away holds up no host, and the engine's health says why.
        }
    }

    /// <summary>
    /// Makes a range of <paramref name="destination"/> read as a range of <paramref name="source"/>, a volume or snapshot of this engine and perhaps the same one, by
    /// sharing its blocks in the object store: no byte of them is read or written, but for those that the write log still holds. Later changes of the one do not touch the
    /// other. Offsets and length are multiples of 4096 and inside the volumes (ArgumentOutOfRangeException otherwise); ranges of one volume do not overlap.
    /// Complete = it survives the death of this process. What is written meanwhile, on either side, counts or not, block by block.
    /// </summary>
    public ValueTask<VolumeStatus> CloneRangeAsync(Volume source, long sourceOffsetBytes, Volume destination, long destinationOffsetBytes, long lengthBytes)
    {
        source.CheckBlocks(sourceOffsetBytes, lengthBytes);
        destination.CheckBlocks(destinationOffsetBytes, lengthBytes);
        if (source.Line == destination.Line && sourceOffsetBytes < destinationOffsetBytes + lengthBytes && destinationOffsetBytes < sourceOffsetBytes + lengthBytes)
            throw new ArgumentException($"The two ranges of volume '{source.Name}' overlap.", nameof(destinationOffsetBytes));
        if ((source.Refusal?.Status ?? destination.WriteRefusal) is { } refused)
            return new(refused);
        RangeCloner cloner = new(source.Line, destination.Line, _engine, _files.Maps.Segments);
        return cloner.RunAsync(
            (ulong)sourceOffsetBytes >> BlockGeometry.BlockShift, (ulong)destinationOffsetBytes >> BlockGeometry.BlockShift, (ulong)lengthBytes >> BlockGeometry.BlockShift);
    }
}
