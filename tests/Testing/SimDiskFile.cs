using Lunaria.Volumes.Io;

namespace Lunaria.Testing;

/// <summary>An open file of a <see cref="SimDisk"/>. Stays usable when the name is gone, as on Unix.</summary>
internal sealed class SimDiskFile(SimDisk disk, string path, SimFile file) : IDiskFile
{
    private bool _disposed;

    public long LengthBytes
    {
        get
        {
            lock (disk.Lock)
                return file.LengthBytes;
        }
    }

    public void SetLength(long lengthBytes)
    {
        lock (disk.Lock)
        {
            BeginWrite([], 0);
            file.SetLength(lengthBytes);
        }
    }

    public void Reserve(long offsetBytes, long lengthBytes)
    {
        lock (disk.Lock)
        {
            BeginWrite([], 0);
            disk.Allocate(file, offsetBytes, lengthBytes);
            file.Reserve(offsetBytes + lengthBytes);
            if (offsetBytes + lengthBytes > file.LengthBytes)
                file.SetLength(offsetBytes + lengthBytes);
        }
    }

    public bool TryRead(long offsetBytes, Span<byte> destination)
    {
        lock (disk.Lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (disk.Faults.NextReadFails(path) || !disk.Faults.PageCache || offsetBytes + destination.Length > file.LengthBytes)
                return false;
            file.Read(offsetBytes, destination);
            disk.Faults.Spoil(path, destination);
            return true;
        }
    }

    public async ValueTask ReadAsync(long offsetBytes, Memory<byte> destination)
    {
        disk.Faults.Trace?.Add("read", path, offsetBytes, destination.Length);
        await disk.Faults.BeLateAsync();
        await disk.Faults.ReadGate.PassAsync();
        lock (disk.Lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (disk.Faults.NextReadFails(path))
                throw new IOException($"Injected failure of a read of '{path}' at {offsetBytes}.");
            if (offsetBytes + destination.Length > file.LengthBytes)
                throw new EndOfStreamException($"'{path}' has {file.LengthBytes} bytes; {destination.Length} were wanted at {offsetBytes}.");
            file.Read(offsetBytes, destination.Span);
            disk.Faults.Spoil(path, destination.Span);
        }
    }

    public void Write(long offsetBytes, ReadOnlySpan<byte> source)
    {
        lock (disk.Lock)
        {
            BeginWrite(source, offsetBytes);
            disk.Allocate(file, offsetBytes, source.Length);
            if (disk.Faults.TryPlace(path, file.LengthBytes, ref offsetBytes, ref source))
                file.Write(offsetBytes, source);
        }
    }

    public void WriteGather(long offsetBytes, ReadOnlySpan<byte> head, ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
    {
        int total = head.Length;
        foreach (ReadOnlyMemory<byte> piece in pieces)
            total += piece.Length;
        byte[] whole = new byte[total];
        head.CopyTo(whole);
        int at = head.Length;
        foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            piece.Span.CopyTo(whole.AsSpan(at));
            at += piece.Length;
        }
        Write(offsetBytes, whole);
    }

    public async ValueTask FlushAsync()
    {
        long covered;
        lock (disk.Lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (disk.Faults.NextFlushFails(path))
                throw new IOException($"Injected failure of the flush of '{path}'.");
            covered = file.Sequence;
        }
        disk.Faults.Trace?.Add("flush", path);
        await disk.Faults.BeLateAsync();
        await disk.Faults.FlushGate.PassAsync();
        lock (disk.Lock)
            if (!disk.Faults.IsSkipped(path))
                file.Flushed(covered);
    }

    public bool PunchHole(long offsetBytes, long lengthBytes)
    {
        lock (disk.Lock)
        {
            BeginWrite([], offsetBytes);
            file.Zero(offsetBytes, Math.Min(lengthBytes, Math.Max(0, file.LengthBytes - offsetBytes)));
            return true;
        }
    }

    public void Dispose() => _disposed = true;

    private void BeginWrite(ReadOnlySpan<byte> source, long offsetBytes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        disk.Faults.Trace?.Add("write", path, offsetBytes, source.Length);
        if (!disk.Faults.NextWriteFails(path, out int partialBytes))
            return;
        if (Math.Min(partialBytes, source.Length) is int count and > 0)
            file.Write(offsetBytes, source[..count]);
        throw new IOException($"Injected failure of a write of '{path}' at {offsetBytes}.");
    }
}
