using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Lunaria.Volumes.Io;

/// <summary>What tells a file from a copy of it, whatever was preserved: the time of its birth, or where a file system keeps none, its inode. Stateless.</summary>
public static partial class FileBirth
{
    // statx(2): the fields' offsets in struct statx are part of the kernel's interface.
    private const int CurrentDirectory = -100, StatxBytes = 256, InodeOffset = 32, BirthSecondsOffset = 80, BirthNanosecondsOffset = 88;
    private const uint InodeMask = 0x100, BirthMask = 0x800;

    /// <summary>The mark of an existing file.</summary>
    public static long MarkOf(string path)
    {
        if (!OperatingSystem.IsLinux())
            return File.GetCreationTimeUtc(path).Ticks;
        var status = new byte[StatxBytes];
        if (Statx(CurrentDirectory, path, 0, InodeMask | BirthMask, status) != 0)
            throw new IOException($"{path} cannot be looked at: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
        return (BinaryPrimitives.ReadUInt32LittleEndian(status) & BirthMask) != 0
            ? (BinaryPrimitives.ReadInt64LittleEndian(status.AsSpan(BirthSecondsOffset)) * 1_000_000_000) + BinaryPrimitives.ReadUInt32LittleEndian(status.AsSpan(BirthNanosecondsOffset))
            : BinaryPrimitives.ReadInt64LittleEndian(status.AsSpan(InodeOffset));
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, [Out] byte[] status);
}
