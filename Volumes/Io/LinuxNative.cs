using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lunaria.Volumes.Io;

/// <summary>The system calls of Linux that .NET does not offer. Results and errors are the kernel's; <see cref="Marshal.GetLastPInvokeError"/> has errno.</summary>
internal static unsafe partial class LinuxNative
{
    public const int RwfNowait = 8;
    public const int FallocKeepSize = 1, FallocPunchHole = 2;
    public const int OpenReadOnly = 0x80000; // O_RDONLY | O_CLOEXEC
    public const int SeekEnd = 2;
    public const int Eintr = 4, Eagain = 11, Enospc = 28, Enosys = 38, Eopnotsupp = 95, Edquot = 122;

    /// <summary>struct iovec.</summary>
    public struct IoVector
    {
        public void* Base;
        public nuint Length;
    }

    [LibraryImport("libc", EntryPoint = "preadv2", SetLastError = true)]
    public static partial nint Preadv2(SafeFileHandle file, IoVector* vectors, int count, long offset, int flags);

    [LibraryImport("libc", EntryPoint = "pwritev", SetLastError = true)]
    public static partial nint Pwritev(SafeFileHandle file, IoVector* vectors, int count, long offset);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int Fdatasync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Fsync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long Lseek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle Open(string path, int flags, int mode);
}
