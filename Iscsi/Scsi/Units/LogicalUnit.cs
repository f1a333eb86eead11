namespace Lunaria.Iscsi.Scsi;

/// <summary>
/// A logical unit: a direct access block device (SBC-3) over a medium. May be mapped by several targets; everything it keeps is
/// its own, so that all paths see one unit. Any thread.
/// </summary>
public sealed class LogicalUnit
{
    /// <summary>A unit over <paramref name="medium"/>.</summary>
    public LogicalUnit(IBlockDevice medium, LogicalUnitOptions options)
    {
        Medium = medium;
        Options = options;
    }

    /// <summary>The medium.</summary>
    public IBlockDevice Medium { get; }

    /// <summary>What hosts see of it.</summary>
    public LogicalUnitOptions Options { get; }
}
