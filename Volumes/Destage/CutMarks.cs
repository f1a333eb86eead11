using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Destage;

/// <summary>
/// Record boundaries of the log at regular distances, so that the destager can cut it into parts of bounded size; and the bell that wakes the destager
/// when one is passed. Fed by every append (cheaply) and by replay, taken by the destager.
/// </summary>
internal sealed class CutMarks(ulong distanceBytes, Signal bell)
{
    /// <summary>Marks in a cut of the usual size: so near to each other that a cut is nearly as long as it may be, and ends in a segment that is nearly full.</summary>
    public const int PerCut = 64;

    private readonly Lock _lock = new();
    private readonly Queue<LogPosition> _marks = new();
    private ulong _nextLsn;

    /// <summary>Says that a record ends here.</summary>
    public void Note(LogPosition end)
    {
        if (end.Lsn < Volatile.Read(ref _nextLsn))
            return;
        lock (_lock)
        {
            if (end.Lsn < _nextLsn)
                return;
            _marks.Enqueue(end);
            Volatile.Write(ref _nextLsn, end.Lsn + distanceBytes);
        }
        bell.Set();
    }

    /// <summary>Rings the bell: somebody waits for the destager.</summary>
    public void Ring() => bell.Set();

    /// <summary>The next append rings the bell.</summary>
    public void RingAtNext() => Volatile.Write(ref _nextLsn, 0);

    /// <summary>
    /// Where a cut of about <paramref name="maxBytes"/> from <paramref name="startLsn"/> ends: the last mark within, or the first behind it, or
    /// <paramref name="end"/>, which is the log's.
    /// </summary>
    public LogPosition Take(ulong startLsn, ulong maxBytes, LogPosition end)
    {
        if (end.Lsn - startLsn <= maxBytes)
            return end;
        lock (_lock)
        {
            while (_marks.TryPeek(out LogPosition past) && past.Lsn <= startLsn)
                _marks.Dequeue();
            LogPosition best = end;
            bool found = false;
            foreach (LogPosition mark in _marks)
            {
                if (mark.Lsn >= end.Lsn || (found && mark.Lsn - startLsn > maxBytes))
                    break;
                (best, found) = (mark, true);
            }
            return best;
        }
    }
}
