using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lunaria.Volumes.Io;

/// <summary>
/// An open file of a <see cref="FileSystemDisk"/>. On Linux with the system calls that fit, elsewhere with what .NET offers. Owned by who opened it; any
/// thread.
/// </summary>
internal sealed class DiskFile : IDiskFile
{
    private readonly FileSystemDisk _disk;
    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly GroupCommit _flushes;

    // False once the kernel or the file system says that it cannot read without waiting.
    private volatile bool _readsWithoutWaiting = OperatingSystem.IsLinux();

    public DiskFile(FileSystemDisk disk, string path, SafeFileHandle handle)
    {
        (_disk, _path, _handle) = (disk, path, handle);
        FlushOperation flush = new(this);
        _flushes = new(() => _disk.EnqueueFlush(flush));
    }

    public long LengthBytes
    {
        get
        {
            var length = RandomAccess.GetLength(_handle);
            // A block device has no length of a file, but an end.
            return length > 0 || !OperatingSystem.IsLinux() ? length : Math.Max(0, LinuxNative.Lseek(_handle, 0, LinuxNative.SeekEnd));
        }
    }

    public void SetLength(long lengthBytes)
    {
        try
        {
            RandomAccess.SetLength(_handle, lengthBytes);
        }
        catch (IOException e) when (IsDiskFull(e))
        {
            throw Full(e);
        }
    }

    public void Reserve(long offsetBytes, long lengthBytes)
    {
        if (OperatingSystem.IsLinux())
        {
            int error = Fallocate(0, offsetBytes, lengthBytes);
            if (error == 0)
                return;
            if (error is not (LinuxNative.Eopnotsupp or LinuxNative.Enosys))
                throw Failure("reserving space", offsetBytes, error);
        }
        if (LengthBytes < offsetBytes + lengthBytes)
            SetLength(offsetBytes + lengthBytes);
    }

    /// <summary>
    /// With RWF_NOWAIT: a page that is not in the cache means false. Where the kernel or the file system does not know that flag, this is a read that may
    /// wait for the medium.
    /// </summary>
    public unsafe bool TryRead(long offsetBytes, Span<byte> destination)
    {
        if (!_readsWithoutWaiting)
            return TryReadWaiting(offsetBytes, destination);
        fixed (byte* to = destination)
        {
            LinuxNative.IoVector vector = new() { Base = to, Length = (nuint)destination.Length };
            while (true)
            {
                nint count = LinuxNative.Preadv2(_handle, &vector, 1, offsetBytes, LinuxNative.RwfNowait);
                if (count >= 0)
                    return count == destination.Length;
                int error = Marshal.GetLastPInvokeError();
                if (error == LinuxNative.Eintr)
                    continue;
                if (error is not (LinuxNative.Enosys or LinuxNative.Eopnotsupp))
                    return false;
                _readsWithoutWaiting = false;
                return TryReadWaiting(offsetBytes, destination);
            }
        }
    }

    public ValueTask ReadAsync(long offsetBytes, Memory<byte> destination) => _disk.EnqueueRead(this, offsetBytes, destination);

    /// <summary>Reads on this thread, waiting for the medium.</summary>
    public void Read(long offsetBytes, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            int count = RandomAccess.Read(_handle, destination, offsetBytes);
            if (count == 0)
                throw new EndOfStreamException($"'{_path}' ends at byte {LengthBytes}; {destination.Length} bytes were wanted at {offsetBytes}.");
            offsetBytes += count;
            destination = destination[count..];
        }
    }

    public void Write(long offsetBytes, ReadOnlySpan<byte> source)
    {
        try
        {
            RandomAccess.Write(_handle, source, offsetBytes);
        }
        catch (IOException e) when (IsDiskFull(e))
        {
            throw Full(e);
        }
    }

    public void WriteGather(long offsetBytes, ReadOnlySpan<byte> head, ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
    {
        if (OperatingSystem.IsLinux())
        {
            int error = GatherWriter.Write(_handle, offsetBytes, head, pieces);
            if (error != 0)
                throw Failure("a write", offsetBytes, error);
            return;
        }
        Write(offsetBytes, head);
        offsetBytes += head.Length;
        foreach (ref readonly ReadOnlyMemory<byte> piece in pieces)
        {
            Write(offsetBytes, piece.Span);
            offsetBytes += piece.Length;
        }
    }

    public ValueTask FlushAsync()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        return _flushes.JoinAsync();
    }

    public bool PunchHole(long offsetBytes, long lengthBytes)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        int error = Fallocate(LinuxNative.FallocPunchHole | LinuxNative.FallocKeepSize, offsetBytes, lengthBytes);
        if (error is LinuxNative.Eopnotsupp or LinuxNative.Enosys)
            return false;
        return error == 0 ? true : throw Failure("punching a hole", offsetBytes, error);
    }

    public void Dispose() => _handle.Dispose();

    private bool TryReadWaiting(long offsetBytes, Span<byte> destination)
    {
        try
        {
            Read(offsetBytes, destination);
            return true;
        }
        catch (IOException)
        {
            // ReadAsync meets it again, and says it.
            return false;
        }
    }

    private int Fallocate(int mode, long offsetBytes, long lengthBytes)
    {
        while (LinuxNative.Fallocate(_handle, mode, offsetBytes, lengthBytes) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != LinuxNative.Eintr)
                return error;
        }
        return 0;
    }

    private void Flush()
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(_handle);
            return;
        }
        while (LinuxNative.Fdatasync(_handle) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != LinuxNative.Eintr)
                throw Failure("a flush", 0, error);
        }
    }

    private static bool IsDiskFull(IOException e) =>
        OperatingSystem.IsWindows() ? (e.HResult & 0xFFFF) is 0x70 or 0x27 : e.HResult is LinuxNative.Enospc or LinuxNative.Edquot;

    private DiskFullException Full(Exception? inner) =>
        new($"The file system of '{_path}' has no space left. Free some, or make the file system larger.", inner);

    private IOException Failure(string operation, long offsetBytes, int error) => error is LinuxNative.Enospc or LinuxNative.Edquot
        ? Full(null)
        : new IOException($"'{_path}', {operation} at {offsetBytes}: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}). Check the device.", error);

    private sealed class FlushOperation(DiskFile file) : IoOperation(continueInline: true)
    {
        public override void Run()
        {
            long started = Stopwatch.GetTimestamp();
            file.Flush();
            file._disk.FlushDurations?.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
    }
}
