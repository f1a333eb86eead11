#pragma warning disable CA1822
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Journal;

/// <summary>
/// What happened to the map since its last checkpoint: numbered files of frames on flash, appended and flushed. Owned by the volume manager; used by the one
/// map writer, one call at a time.
/// </summary>
internal sealed class MapJournal : IDisposable
{
    /// <summary>
    /// Opens the journal in a directory of the disk and gives every publish from frame <paramref name="fromSequence"/> on to <paramref name="visitor"/>, in order. A torn
    /// tail ends it; what was given is durable before the visitor sees it. New frames go into a new file.
    /// </summary>
    /// <exception cref="JournalDamagedException">A frame that was durable is damaged or missing, or the journal is of another pool.</exception>
    public static ValueTask<MapJournal> OpenAsync(
        IDisk disk, string directory, Guid poolId, ulong fromSequence, Func<PublishFrame, ValueTask> visitor, int fileBytes = 64 << 20) => throw null!;

    /// <summary>The number the next frame gets: the <c>JournalSequence</c> of a checkpoint taken now.</summary>
    public ulong NextSequence => throw null!;

    /// <summary>Bytes of all frames since the last <see cref="TrimAsync"/>.</summary>
    public long LengthBytes => throw null!;

    /// <summary>True after a failed write or flush: appends throw for ever.</summary>
    public bool IsFenced => throw null!;

    /// <summary>Appends a publish and flushes: complete = durable. Gives the frame's number.</summary>
    /// <exception cref="JournalFencedException">A write or flush failed, now or before.</exception>
    public ValueTask<ulong> AppendAsync(PublishFrame publish) => throw null!;

    /// <summary>Deletes the files all of whose frames are below <paramref name="sequence"/>: those a committed checkpoint contains.</summary>
    public ValueTask TrimAsync(ulong sequence) => throw null!;

    public void Dispose() => throw null!;
}
