namespace Lunaria.Volumes.Io;

/// <summary>
/// A directory of files (or a block device) as the engine sees it: one of the four seams. <c>FileSystemDisk</c> is the real one;
/// the simulated one can lose, tear and fail what was not flushed. Paths are relative, '/'-separated. Thread-safe.
/// </summary>
public interface IDisk
{
    /// <summary>Opens a file for reading and writing; with <paramref name="create"/> it is made where absent. IOException otherwise.</summary>
    IDiskFile Open(string path, bool create);

    /// <summary>True where the file exists.</summary>
    bool Exists(string path);

    /// <summary>Names of the files directly in a directory ("" = the root), in ordinal order.</summary>
    IReadOnlyList<string> List(string directory);

    /// <summary>Deletes a file; durable after <see cref="FlushDirectoryAsync"/>.</summary>
    void Delete(string path);

    /// <summary>Renames a file over another; durable after <see cref="FlushDirectoryAsync"/>.</summary>
    void Rename(string from, string to);

    /// <summary>
    /// Keeps everybody else from the name <paramref name="path"/> (a file of that name may be made, and stays) until the result is disposed or the
    /// process dies. IOException where another has it.
    /// </summary>
    IDisposable Lock(string path);

    /// <summary>Makes creations, deletions and renames in a directory survive the loss of power.</summary>
    ValueTask FlushDirectoryAsync(string directory);
}

/// <summary>
/// One open file. Any range may be read and written by many threads at once; overlapping calls are the caller's business.
/// Every failure is an IOException, lack of space a <see cref="DiskFullException"/>.
/// </summary>
public interface IDiskFile : IDisposable
{
    /// <summary>The file's length in bytes.</summary>
    long LengthBytes { get; }

    /// <summary>Grows (with zeros) or cuts the file.</summary>
    void SetLength(long lengthBytes);

    /// <summary>
    /// Takes the space of a range from the file system now, growing the file where needed, so that a later write to it cannot fail for lack of
    /// space. Content stays. Where the file system cannot promise that, the file only grows.
    /// </summary>
    /// <exception cref="DiskFullException">There is not that much space.</exception>
    void Reserve(long offsetBytes, long lengthBytes);

    /// <summary>Reads the whole range if that needs no wait for the medium (page cache); false = use <see cref="ReadAsync"/>.</summary>
    bool TryRead(long offsetBytes, Span<byte> destination);

    /// <summary>Reads the whole range; EndOfStreamException (an IOException) where the file is shorter.</summary>
    ValueTask ReadAsync(long offsetBytes, Memory<byte> destination);

    /// <summary>Hands the bytes to the kernel: they survive the death of this process. Blocks only while the kernel throttles.</summary>
    void Write(long offsetBytes, ReadOnlySpan<byte> source);

    /// <summary>As <see cref="Write"/>, gathering consecutive pieces: <paramref name="head"/>, then each of <paramref name="pieces"/>.</summary>
    void WriteGather(long offsetBytes, ReadOnlySpan<byte> head, ReadOnlySpan<ReadOnlyMemory<byte>> pieces);

    /// <summary>
    /// Complete = everything written before the call survives the loss of power (fdatasync). Runs off the caller's thread. After a failure
    /// what was written since the last success is undefined, and a retry proves nothing: the owner stops trusting the file.
    /// </summary>
    ValueTask FlushAsync();

    /// <summary>Gives a range back to the file system where that can be done; it reads as zeros after. False = not offered here.</summary>
    bool PunchHole(long offsetBytes, long lengthBytes);
}
