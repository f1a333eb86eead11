using System.Runtime.InteropServices;
using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>ORWRITE(16) (SBC-3 5.5): writes the OR of payload and medium; exclusive, so that no write in between is lost.</summary>
internal static class OrWrite
{
    public static readonly CommandDescriptor[] Rows =
    [
        ExclusiveWrite.Row(
            "ORWRITE(16)", "SBC-3 5.5", "8B 18 FF FF FF FF FF FF FF FF FF FF FF FF 1F 00", Prepare,
            task => ExclusiveWrite.RunAsync(task, task.DataOut.Length - (task.DataOut.Length % task.Unit!.BlockBytes), Decide)),
    ];

    private static bool Prepare(ScsiTask task)
    {
        if (!BlockRange.TakePayload(task)) return false;
        task.DataOutLengthBytes = task.LengthBytes;
        return true;
    }

    /// <summary>Both are whole blocks, so their length is a multiple of eight.</summary>
    private static ReadOnlyMemory<byte>? Decide(ScsiTask task, Memory<byte> medium)
    {
        Span<ulong> target = MemoryMarshal.Cast<byte, ulong>(medium.Span);
        ReadOnlySpan<ulong> source = MemoryMarshal.Cast<byte, ulong>(task.DataOut.Span[..medium.Length]);
        for (int index = 0; index < target.Length; index++) target[index] |= source[index];
        return medium;
    }
}
