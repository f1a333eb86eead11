using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Pool;

/// <summary>
/// The first sector of a device that is being labelled or erased (FORMATS.md, Local pool): it has no name that could be changed at the end, so a crash in between must leave what is
/// known to be nobody's. While the mark is whole the device counts as blank, whatever else is on it; it goes, or comes, only while the other label is whole or all else is zero. Stateless.
/// </summary>
internal static class DeviceMark
{
    private const int SectorBytes = 512;

    private static ReadOnlySpan<byte> Magic => "LUNAPOOL-UNFINISHED"u8;

    /// <summary>True where a device that begins like this is nobody's: it has the mark, or at most a torn one and nothing else.</summary>
    public static bool IsBlank(ReadOnlySpan<byte> begin)
    {
        if (IsWhole(begin))
            return true;
        for (int i = 0; i < Magic.Length; i++)
            if (begin[i] != 0 && begin[i] != Magic[i])
                return false;
        return ZeroTest.IsZero(begin[Magic.Length..]);
    }

    /// <summary>True where the device has the mark, whole.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> begin) => begin.StartsWith(Magic) && ZeroTest.IsZero(begin[Magic.Length..SectorBytes]);

    /// <summary>Writes both labels to a blank device, durably.</summary>
    public static async ValueTask LabelAsync(IDiskFile file, ReadOnlyMemory<byte> label, long backOffset)
    {
        await WriteAsync(file, 0, Sector());
        await WriteAsync(file, backOffset, label);
        await WriteAsync(file, SectorBytes, label[SectorBytes..]);
        await WriteAsync(file, 0, label[..SectorBytes]);
    }

    /// <summary>Makes zeros of both labels, durably.</summary>
    public static async ValueTask UnlabelAsync(IDiskFile file, int labelBytes, long backOffset)
    {
        await WriteAsync(file, 0, Sector());
        await WriteAsync(file, backOffset, new byte[labelBytes]);
        await WriteAsync(file, SectorBytes, new byte[labelBytes - SectorBytes]);
        await WriteAsync(file, 0, new byte[SectorBytes]);
    }

    private static byte[] Sector()
    {
        byte[] sector = new byte[SectorBytes];
        Magic.CopyTo(sector);
        return sector;
    }

    private static ValueTask WriteAsync(IDiskFile file, long offsetBytes, ReadOnlyMemory<byte> bytes)
    {
        file.Write(offsetBytes, bytes.Span);
        return file.FlushAsync();
    }
}
