using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Tests.Cache;

/// <summary>A disk that can be pulled: from then on every access to its files fails; or that has nothing in memory: then every read waits.</summary>
internal sealed class FaultyDisk(FileSystemDisk disk) : IDisk, IDisposable
{
    public bool Fails { get; set; }

    public bool IsCold { get; set; }

    public IDiskFile Open(string path, bool create) => new FaultyFile(this, disk.Open(path, create));

    public bool Exists(string path) => disk.Exists(path);

    public IReadOnlyList<string> List(string directory) => disk.List(directory);

    public void Delete(string path) => disk.Delete(path);

    public void Rename(string from, string to) => disk.Rename(from, to);

    public IDisposable Lock(string path) => disk.Lock(path);

    public ValueTask FlushDirectoryAsync(string directory) => disk.FlushDirectoryAsync(directory);

    public void Dispose() => disk.Dispose();

    private void Check()
    {
        if (Fails)
            throw new IOException("The device was pulled.");
    }

    private sealed class FaultyFile(FaultyDisk disk, IDiskFile file) : IDiskFile
    {
        public long LengthBytes => file.LengthBytes;

        public void SetLength(long lengthBytes) => file.SetLength(lengthBytes);

        public void Reserve(long offsetBytes, long lengthBytes) => file.Reserve(offsetBytes, lengthBytes);

        public bool TryRead(long offsetBytes, Span<byte> destination) => !disk.Fails && !disk.IsCold && file.TryRead(offsetBytes, destination);

        public async ValueTask ReadAsync(long offsetBytes, Memory<byte> destination)
        {
            disk.Check();
            await file.ReadAsync(offsetBytes, destination);
        }

        public void Write(long offsetBytes, ReadOnlySpan<byte> source)
        {
            disk.Check();
            file.Write(offsetBytes, source);
        }

        public void WriteGather(long offsetBytes, ReadOnlySpan<byte> head, ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
        {
            disk.Check();
            file.WriteGather(offsetBytes, head, pieces);
        }

        public ValueTask FlushAsync() => file.FlushAsync();

        public bool PunchHole(long offsetBytes, long lengthBytes) => file.PunchHole(offsetBytes, lengthBytes);

        public void Dispose() => file.Dispose();
    }
}
