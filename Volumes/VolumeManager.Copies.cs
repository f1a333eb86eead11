using Lunaria.Volumes.Access;

namespace Lunaria.Volumes;

/// <summary>Copies by reference.</summary>
public sealed partial class VolumeManager
{
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
        RangeCloner cloner = new(source.Line, destination.Line, _engine, _files.Maps.Segments, _destager);
        return cloner.RunAsync(
            (ulong)sourceOffsetBytes >> BlockGeometry.BlockShift, (ulong)destinationOffsetBytes >> BlockGeometry.BlockShift, (ulong)lengthBytes >> BlockGeometry.BlockShift);
    }
}
