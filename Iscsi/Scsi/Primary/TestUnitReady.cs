using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>TEST UNIT READY (SPC-4 6.47).</summary>
internal static class TestUnitReady
{
    public static readonly CommandDescriptor[] Rows =
    [
        new("TEST UNIT READY", "SPC-4 6.47", "00 00 00 00 00 00")
        {
            Flags = CommandFlags.NeedsMedium,
            RecommendedSeconds = 30,
            Prepare = _ => true,
            Execute = _ => ValueTask.CompletedTask,
        },
    ];
}
