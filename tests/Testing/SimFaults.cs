using Lunaria.Volumes.Io;

namespace Lunaria.Testing;

/// <summary>
/// What goes wrong on a <see cref="SimDisk"/>, and counters of what was done. Set by the test, asked by the disk under its lock; nothing goes wrong
/// by default.
/// </summary>
public sealed class SimFaults
{
    private readonly Countdown _writes = new(), _flushes = new(), _reads = new(), _spoiltReads = new(), _strayWrites = new();
    private SimWriteFate _fate;
    private long _shiftBytes;

    /// <summary>Writes, flushes (of files) and reads that were begun.</summary>
    public long Writes => _writes.Done;

    /// <inheritdoc cref="Writes"/>
    public long Flushes => _flushes.Done;

    /// <inheritdoc cref="Writes"/>
    public long Reads => _reads.Done;

    /// <summary>Space for content and reservations of all files; writes that need more fail as on a full file system.</summary>
    public long CapacityBytes { get; set; } = long.MaxValue;

    /// <summary>False: <see cref="IDiskFile.TryRead"/> always says that it would have to wait.</summary>
    public bool PageCache { get; set; } = true;

    /// <summary>Awaited before flushes and asynchronous reads do what they were asked for; null = they do it at once.</summary>
    public Func<ValueTask>? Late { get; set; }

    /// <summary>Told each access; null = nobody.</summary>
    public SimTrace? Trace { get; set; }

    /// <summary>Holds flushes back after they were asked for: they cover what was written before.</summary>
    public SimGate FlushGate { get; } = new();

    /// <summary>Holds asynchronous reads back before they look at the content.</summary>
    public SimGate ReadGate { get; } = new();

    /// <summary>
    /// The n-th write from now on (1 = the next) of a file whose path starts with <paramref name="path"/> fails with an IOException, after its first
    /// <paramref name="partialBytes"/> were written; with <paramref name="forever"/> all later ones, too.
    /// </summary>
    public void FailWrite(int n, bool forever = false, string path = "", int partialBytes = 0) => _writes.Set(n, forever, path, partialBytes);

    /// <summary>The n-th flush from now on fails, see <see cref="FailWrite"/>. What it should have covered stays unflushed.</summary>
    public void FailFlush(int n, bool forever = false, string path = "") => _flushes.Set(n, forever, path, 0);

    /// <summary>The n-th read from now on fails, see <see cref="FailWrite"/>. <see cref="IDiskFile.TryRead"/> counts, but answers false instead.</summary>
    public void FailRead(int n, bool forever = false, string path = "") => _reads.Set(n, forever, path, 0);

    /// <summary>The n-th read from now on gives a flipped bit, though the file is whole, see <see cref="FailWrite"/>.</summary>
    public void SpoilRead(int n, bool forever = false, string path = "") => _spoiltReads.Set(n, forever, path, 0);

    /// <summary>
    /// The n-th write from now on is answered as done, and is not, see <see cref="FailWrite"/>; a misdirected one goes to <paramref name="shiftBytes"/> behind its place, or, where the file ends
    /// before that, as far in front of it.
    /// </summary>
    public void StrayWrite(int n, SimWriteFate fate, string path = "", long shiftBytes = 0)
    {
        _strayWrites.Set(n, forever: false, path, 0);
        (_fate, _shiftBytes, StrayedPath) = (fate, shiftBytes, null);
    }

    /// <summary>The file whose write went astray; null = none has yet.</summary>
    public string? StrayedPath { get; private set; }

    /// <summary>Takes a write where it goes; false = nowhere.</summary>
    internal bool TryPlace(string path, long lengthBytes, ref long offsetBytes, ref ReadOnlySpan<byte> source)
    {
        if (source.Length == 0 || !_strayWrites.Next(path))
            return true;
        StrayedPath = path;
        switch (_fate)
        {
            case SimWriteFate.Torn:
                source = source[..(source.Length / 1024 * 512)];
                return true;
            case SimWriteFate.Misdirected when offsetBytes + _shiftBytes + source.Length <= lengthBytes:
                offsetBytes += _shiftBytes;
                return true;
            case SimWriteFate.Misdirected when offsetBytes >= _shiftBytes:
                offsetBytes -= _shiftBytes;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Flushes of files and directories whose path starts with this are answered as done and are not; null = none.</summary>
    public string? SkippedFlushes { get; set; }

    internal bool IsSkipped(string path) => SkippedFlushes is { } skipped && path.StartsWith(skipped, StringComparison.Ordinal);

    internal ValueTask BeLateAsync() => Late?.Invoke() ?? default;

    internal void Spoil(string path, Span<byte> read)
    {
        if (_spoiltReads.Next(path) && read.Length > 0)
            read[read.Length / 2] ^= 1;
    }

    internal bool NextWriteFails(string path, out int partialBytes)
    {
        partialBytes = _writes.PartialBytes;
        return _writes.Next(path);
    }

    internal bool NextFlushFails(string path) => _flushes.Next(path);

    internal bool NextReadFails(string path) => _reads.Next(path);

    private sealed class Countdown
    {
        private int _remaining;
        private bool _forever;
        private string _path = "";

        public long Done { get; private set; }
        public int PartialBytes { get; private set; }

        public void Set(int n, bool forever, string path, int partialBytes) =>
            (_remaining, _forever, _path, PartialBytes) = (n, forever, path, partialBytes);

        public bool Next(string path)
        {
            Done++;
            if (_remaining == 0 || !path.StartsWith(_path, StringComparison.Ordinal))
                return false;
            if (_remaining > 1)
            {
                _remaining--;
                return false;
            }
            _remaining = _forever ? 1 : 0;
            return true;
        }
    }
}

/// <summary>What becomes of a write that is answered as done.</summary>
public enum SimWriteFate
{
    /// <summary>Nothing of it is written.</summary>
    Lost,

    /// <summary>Its first half is written.</summary>
    Torn,

    /// <summary>It is written somewhere else in the same file.</summary>
    Misdirected,
}
