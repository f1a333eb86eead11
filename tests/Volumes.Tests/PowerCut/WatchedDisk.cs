using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Tests.PowerCut;

/// <summary>A disk that tells before and after each change what is about to happen, so that the power can fail just there.</summary>
internal sealed class WatchedDisk(IDisk disk, Action<string> changing) : IDisk
{
    public IDiskFile Open(string path, bool create)
    {
        if (create)
            changing(path);
        return new WatchedFile(disk.Open(path, create), () => changing(path));
    }

    public bool Exists(string path) => disk.Exists(path);

    public IReadOnlyList<string> List(string directory) => disk.List(directory);

    public void Delete(string path)
    {
        changing(path);
        disk.Delete(path);
    }

    public void Rename(string from, string to)
    {
        changing(from);
        disk.Rename(from, to);
    }

    public IDisposable Lock(string path) => disk.Lock(path);

    public async ValueTask FlushDirectoryAsync(string directory)
    {
        changing(directory);
        await disk.FlushDirectoryAsync(directory);
        changing(directory);
    }

    private sealed class WatchedFile(IDiskFile file, Action changing) : IDiskFile
    {
        public long LengthBytes => file.LengthBytes;

        public void SetLength(long lengthBytes)
        {
            changing();
            file.SetLength(lengthBytes);
        }

        public void Reserve(long offsetBytes, long lengthBytes)
        {
            changing();
            file.Reserve(offsetBytes, lengthBytes);
        }

        public bool TryRead(long offsetBytes, Span<byte> destination) => file.TryRead(offsetBytes, destination);

        public ValueTask ReadAsync(long offsetBytes, Memory<byte> destination) => file.ReadAsync(offsetBytes, destination);

        public void Write(long offsetBytes, ReadOnlySpan<byte> source)
        {
            changing();
            file.Write(offsetBytes, source);
            changing();
        }

        public void WriteGather(long offsetBytes, ReadOnlySpan<byte> head, ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
        {
            changing();
            file.WriteGather(offsetBytes, head, pieces);
            changing();
        }

        public async ValueTask FlushAsync()
        {
            changing();
            await file.FlushAsync();
            changing();
        }

        public bool PunchHole(long offsetBytes, long lengthBytes)
        {
            changing();
            return file.PunchHole(offsetBytes, lengthBytes);
        }

        public void Dispose() => file.Dispose();
    }
}
