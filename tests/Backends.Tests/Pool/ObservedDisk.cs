using Lunaria.Testing;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>A simulated disk that calls back before and after each change, flush and name change: the boundaries at which power can be cut.</summary>
internal sealed class ObservedDisk(SimDisk disk, Action atBoundary, Action? afterWrite = null) : IDisk
{
    public IDiskFile Open(string path, bool create) => new ObservedFile(disk.Open(path, create), atBoundary, afterWrite);

    public bool Exists(string path) => disk.Exists(path);

    public IReadOnlyList<string> List(string directory) => disk.List(directory);

    public IDisposable Lock(string path) => ((IDisk)disk).Lock(path);

    public void Delete(string path)
    {
        disk.Delete(path);
        atBoundary();
    }

    public void Rename(string from, string to)
    {
        disk.Rename(from, to);
        atBoundary();
    }

    public async ValueTask FlushDirectoryAsync(string directory)
    {
        await disk.FlushDirectoryAsync(directory);
        atBoundary();
    }

    private sealed class ObservedFile(IDiskFile file, Action atBoundary, Action? afterWrite) : IDiskFile
    {
        public long LengthBytes => file.LengthBytes;

        public void SetLength(long lengthBytes)
        {
            file.SetLength(lengthBytes);
            atBoundary();
        }

        public void Reserve(long offsetBytes, long lengthBytes) => file.Reserve(offsetBytes, lengthBytes);

        public bool TryRead(long offsetBytes, Span<byte> destination) => file.TryRead(offsetBytes, destination);

        public ValueTask ReadAsync(long offsetBytes, Memory<byte> destination) => file.ReadAsync(offsetBytes, destination);

        public void Write(long offsetBytes, ReadOnlySpan<byte> source)
        {
            file.Write(offsetBytes, source);
            atBoundary();
            afterWrite?.Invoke();
        }

        public void WriteGather(long offsetBytes, ReadOnlySpan<byte> head, ReadOnlySpan<ReadOnlyMemory<byte>> pieces) =>
            file.WriteGather(offsetBytes, head, pieces);

        public async ValueTask FlushAsync()
        {
            atBoundary();
            await file.FlushAsync();
            atBoundary();
        }

        public bool PunchHole(long offsetBytes, long lengthBytes)
        {
            bool punched = file.PunchHole(offsetBytes, lengthBytes);
            atBoundary();
            return punched;
        }

        public void Dispose() => file.Dispose();
    }
}
