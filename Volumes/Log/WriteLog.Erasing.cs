using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Log;

/// <content>Overwriting what the log was given back.</content>
internal sealed partial class WriteLog
{
    private const int EraseBytes = 256 << 10;
    private static readonly byte[] Zeros = new byte[EraseBytes];

    // Under the append lock: how many erase now.
    private int _erasing;

    /// <summary>
    /// Overwrites with zeros what the files still have of records below the position that the log is at, except where later records already lie over it. Complete = nothing of them
    /// can be read from the files any more, not even after the loss of power. Appends go on meanwhile. Asks for <paramref name="reclaim"/>, which has the log given back up to its
    /// end as it is then, wherever it meets what is still in use.
    /// </summary>
    /// <exception cref="LogFencedException">The log is fenced, or becomes so by this.</exception>
    /// <exception cref="IOException">A file cannot be written; the log goes on.</exception>
    public async ValueTask EraseGivenBackAsync(Func<Task> reclaim, CancellationToken cancellation)
    {
        ulong at, end;
        lock (_appendLock)
        {
            ThrowIfClosed();
            _erasing++;
            at = _nextLsn;
            end = at + _files.CapacityBytes; // One lap: the place of each earlier position.
        }
        try
        {
            while (at < end)
            {
                cancellation.ThrowIfCancellationRequested();
                if (TryErase(ref at, end))
                    await Task.Yield(); // Writers get in between.
                else
                    await reclaim();
            }
            await FlushFilesAsync();
        }
        finally
        {
            lock (_appendLock)
                _erasing--;
        }
    }

    /// <summary>A piece more; what records were appended over meanwhile is passed over. False = what comes next is still in use.</summary>
    private bool TryErase(ref ulong at, ulong end)
    {
        lock (_appendLock)
        {
            ThrowIfClosed();
            at = Math.Max(at, _nextLsn);
            ulong free = Math.Min(end, _reclaimedLsn + _files.CapacityBytes);
            if (at >= free)
                return at >= end;
            ulong length = Math.Min(Math.Min(free - at, EraseBytes), _files.RestOfFile(at));
            _files.Write(at, Zeros.AsSpan(0, (int)length), []);
            at += length;
            return true;
        }
    }

    /// <summary>Fills the rest of a file that the next record does not fit into. Without this the place of what lies behind its header would never be written over.</summary>
    private void AppendPad(int recordBytes)
    {
        ulong at = _nextLsn;
        Append(LogRecordFlags.Pad, recordBytes, [], [], []);
        if (_erasing == 0)
            return;
        try
        {
            for (ulong from = at + LogHeader.PageBytes; from < _nextLsn; from += EraseBytes)
                _files.Write(from, Zeros.AsSpan(0, (int)Math.Min(EraseBytes, _nextLsn - from)), []);
        }
        catch (Exception e) when (e is not DiskFullException)
        {
            throw Fence("write", at, e);
        }
    }

    private async ValueTask FlushFilesAsync()
    {
        ulong lsn = FlushedLsn;
        for (ulong flushed = 0; flushed < _files.CapacityBytes; flushed += _files.FileBytes)
        {
            try
            {
                await _files.FlushFileAsync(lsn);
            }
            catch (Exception e) when (e is not ObjectDisposedException)
            {
                throw Fence("flush", lsn, e);
            }
            lsn = _files.NextFile(lsn);
        }
    }
}
