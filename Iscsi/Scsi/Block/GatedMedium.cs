namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>
/// Changes of a medium as ordinary writers make them: inside the shared entry of the unit's gate, which is held for one call of the medium
/// and no longer, so that a long command lets COMPARE AND WRITE in between its pieces.
/// </summary>
internal static class GatedMedium
{
    /// <summary>Writes within a shared entry of its own.</summary>
    public static async ValueTask<BlockStatus> WriteAsync(LogicalUnit unit, long offsetBytes, ReadOnlyMemory<byte> source, bool forceUnitAccess)
    {
        await unit.Gate.EnterSharedAsync();
        return await WriteEnteredAsync(unit, offsetBytes, source, forceUnitAccess);
    }

    /// <summary>Writes within a shared entry that the caller has made, and ends it.</summary>
    public static ValueTask<BlockStatus> WriteEnteredAsync(
        LogicalUnit unit, long offsetBytes, ReadOnlyMemory<byte> source, bool forceUnitAccess)
    {
        ValueTask<BlockStatus> write;
        try
        {
            unit.Rods.Changing(offsetBytes, source.Length);
            write = unit.Medium.WriteAsync(offsetBytes, source, forceUnitAccess);
        }
        catch
        {
            unit.Gate.ExitShared();
            throw;
        }

        if (!write.IsCompletedSuccessfully) return ExitAfterAsync(unit, write);
        unit.Gate.ExitShared();
        return write;
    }

    /// <summary>Unmaps within a shared entry of its own.</summary>
    public static async ValueTask<BlockStatus> UnmapAsync(LogicalUnit unit, long offsetBytes, long lengthBytes)
    {
        await unit.Gate.EnterSharedAsync();
        try
        {
            unit.Rods.Changing(offsetBytes, lengthBytes);
            return await unit.Medium.UnmapAsync(offsetBytes, lengthBytes);
        }
        finally
        {
            unit.Gate.ExitShared();
        }
    }

    /// <summary>Makes a range the same as one of another unit, without moving bytes, within a shared entry of its own; NotSupported where the media cannot.</summary>
    public static async ValueTask<BlockStatus> CloneAsync(
        LogicalUnit source, long sourceOffsetBytes, LogicalUnit unit, long offsetBytes, long lengthBytes)
    {
        await unit.Gate.EnterSharedAsync();
        try
        {
            unit.Rods.Changing(offsetBytes, lengthBytes);
            return await unit.Medium.TryCloneRangeAsync(source.Medium, sourceOffsetBytes, offsetBytes, lengthBytes);
        }
        finally
        {
            unit.Gate.ExitShared();
        }
    }

    private static async ValueTask<BlockStatus> ExitAfterAsync(LogicalUnit unit, ValueTask<BlockStatus> write)
    {
        try
        {
            return await write;
        }
        finally
        {
            unit.Gate.ExitShared();
        }
    }
}
