using System.Buffers;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Journal;

/// <summary>
/// What happened to the map since its last checkpoint: numbered files of frames on flash, appended and flushed. Owned by the volume manager; used by the
/// one map writer, one call at a time.
/// </summary>
internal sealed class MapJournal : IDisposable
{
    private readonly IDisk disk;
    private readonly string directory;
    private readonly Guid poolId;
    private readonly int fileBytes;
    private readonly ArrayBufferWriter<byte> buffer = new();
    private readonly Queue<(ulong Sequence, int Bytes)> frames;
    private readonly List<ulong> files;
    private readonly Lock filesLock = new();
    private IDiskFile file;
    private long offsetBytes;
    private ulong nextSequence;
    private Exception? failure;

    private MapJournal(IDisk disk, string directory, Guid poolId, int fileBytes, List<ulong> files, IDiskFile file, JournalReplay replay)
    {
        (this.disk, this.directory, this.poolId, this.fileBytes, this.files, this.file) = (disk, directory, poolId, fileBytes, files, file);
        (NextSequence, frames) = (replay.NextSequence, replay.Frames);
        LengthBytes = frames.Sum(frame => (long)frame.Bytes);
    }

    /// <summary>
    /// Opens the journal in a directory of the disk and gives every publish from frame <paramref name="fromSequence"/> (of the last checkpoint) on to
    /// <paramref name="visitor"/>, in order. A torn tail ends it; what is given is durable before the visitor sees it. New frames go into a new file,
    /// begun where one has <paramref name="fileBytes"/>.
    /// </summary>
    /// <exception cref="JournalDamagedException">A frame that was durable is damaged or missing, or the journal is of another pool.</exception>
    public static async ValueTask<MapJournal> OpenAsync(
        IDisk disk, string directory, Guid poolId, ulong fromSequence, Func<PublishFrame, ValueTask> visitor, int fileBytes = 64 << 20)
    {
        List<ulong> files = JournalFiles.List(disk, directory);
        var replay = new JournalReplay(disk, directory, poolId);
        await replay.RunAsync(files, fromSequence, visitor);
        if (!files.Contains(replay.NextSequence))
            files.Add(replay.NextSequence);
        IDiskFile file = await CreateFileAsync(disk, directory, replay.NextSequence);
        return new(disk, directory, poolId, fileBytes, files, file, replay);
    }

    /// <summary>The number the next frame gets: the <c>JournalSequence</c> of a checkpoint taken now. All below are durable. Any thread.</summary>
    public ulong NextSequence
    {
        get => Volatile.Read(ref nextSequence);
        private set => Volatile.Write(ref nextSequence, value);
    }

    /// <summary>Bytes of the frames that no checkpoint given to <see cref="TrimAsync"/> contains.</summary>
    public long LengthBytes { get; private set; }

    /// <summary>True after a failed write or flush: appends throw for ever.</summary>
    public bool IsFenced => failure != null;

    /// <summary>Appends a publish and flushes: complete = durable. Gives the frame's number.</summary>
    /// <exception cref="JournalFencedException">A write or flush failed, now or before.</exception>
    /// <exception cref="DiskFullException">The file system has no space for the frame; nothing was appended, it can be tried again.</exception>
    public async ValueTask<ulong> AppendAsync(PublishFrame publish)
    {
        if (failure != null)
            throw Fenced();
        if (offsetBytes >= fileBytes)
            await BeginFileAsync();
        buffer.ResetWrittenCount();
        FrameCodec.Write(publish, poolId, NextSequence, buffer);
        try
        {
            file.Write(offsetBytes, buffer.WrittenSpan);
            await file.FlushAsync();
        }
        catch (DiskFullException)
        {
            throw;
        }
        catch (IOException cause)
        {
            failure = cause;
            throw Fenced();
        }
        offsetBytes += buffer.WrittenCount;
        LengthBytes += buffer.WrittenCount;
        frames.Enqueue((NextSequence, buffer.WrittenCount));
        return NextSequence++;
    }

    /// <summary>
    /// Deletes the files all of whose frames are below <paramref name="sequence"/>, those a committed checkpoint contains, and below <paramref name="needed"/>, which somebody still needs.
    /// </summary>
    public async ValueTask TrimAsync(ulong sequence, ulong needed = ulong.MaxValue)
    {
        if (failure != null)
            throw Fenced();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sequence, NextSequence);
        if (sequence == NextSequence && offsetBytes > 0)
            await BeginFileAsync();
        while (files.Count > 1 && files[1] <= Math.Min(sequence, needed))
        {
            disk.Delete(JournalFiles.Path(directory, files[0]));
            lock (filesLock)
                files.RemoveAt(0);
        }
        await disk.FlushDirectoryAsync(directory);
        while (frames.TryPeek(out (ulong Sequence, int Bytes) frame) && frame.Sequence < sequence)
        {
            LengthBytes -= frame.Bytes;
            frames.Dequeue();
        }
    }

    /// <summary>Gives every publish from a frame on to <paramref name="visitor"/>, in order; what is appended meanwhile may be among them.</summary>
    /// <exception cref="JournalDamagedException">A frame is damaged or missing.</exception>
    public ValueTask ReadAsync(ulong fromSequence, Func<PublishFrame, ValueTask> visitor) => new JournalReplay(disk, directory, poolId).RunAsync([.. files], fromSequence, visitor);

    /// <summary>Gives the bytes of the frames from one up to, and without, another. Any thread, while the map writer appends; nobody may let <see cref="TrimAsync"/> delete them meanwhile.</summary>
    /// <exception cref="JournalDamagedException">A frame is damaged or missing.</exception>
    public ValueTask CopyAsync(ulong fromSequence, ulong endSequence, Func<FrameHeader, ReadOnlyMemory<byte>, ValueTask> visitor)
    {
        ulong[] all;
        lock (filesLock)
            all = [.. files];
        return new JournalReplay(disk, directory, poolId).CopyAsync(all, fromSequence, endSequence, visitor);
    }

    /// <summary>Closes the file. Every frame appended is durable already.</summary>
    public void Dispose() => file.Dispose();

    private async ValueTask BeginFileAsync()
    {
        IDiskFile next = await CreateFileAsync(disk, directory, NextSequence);
        file.Dispose();
        (file, offsetBytes) = (next, 0);
        lock (filesLock)
            files.Add(NextSequence);
    }

    // Whatever is in a file of that name never was a whole frame: it is cut off before anything is written behind it.
    private static async ValueTask<IDiskFile> CreateFileAsync(IDisk disk, string directory, ulong firstSequence)
    {
        IDiskFile file = disk.Open(JournalFiles.Path(directory, firstSequence), create: true);
        try
        {
            file.SetLength(0);
            await file.FlushAsync();
            await disk.FlushDirectoryAsync(directory);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private JournalFencedException Fenced() => new(
        $"The map journal in '{directory}' takes no more frames, because writing it failed: {failure!.Message} Check the disk, then start anew.", failure);
}
