using System.Globalization;
using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Check;

/// <summary>
/// Background verification: reads all segments one after the other at a rate, compares the checksum of each block, and then the copies that the store keeps of it, and begins again at the end. Where it is stands in lunaria.db, so it
/// goes on there after a restart. Owned by the volume manager; one loop, steered by any thread.
/// </summary>
internal sealed class Scrubber : IAsyncDisposable
{
    private const string RateSetting = "verification.bytesPerSecond", PositionSetting = "verification.position";
    private const int MaxDamages = 1000, Rereads = 4, SegmentsBetweenNotes = 32;
    private static readonly TimeSpan BetweenPasses = TimeSpan.FromMinutes(10);

    private readonly SegmentStore _segments;
    private readonly SegmentTable _table;
    private readonly MetadataDatabase _metadata;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Signal _bell;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, CheckFinding> _damages = [];
    private Task _loop = Task.CompletedTask;
    private long _bytesPerSecond, _readBytes;
    private uint _position;
    private int _passes;
    private DateTimeOffset? _lastPass;

    public Scrubber(SegmentStore segments, SegmentTable table, MetadataDatabase metadata, long bytesPerSecond, TimeProvider time, ILogger logger)
    {
        (_segments, _table, _metadata, _time, _logger, _bell) = (segments, table, metadata, time, logger, new(time));
        _bytesPerSecond = long.TryParse(metadata.ReadSetting(RateSetting), CultureInfo.InvariantCulture, out long rate) ? rate : bytesPerSecond;
        _position = uint.TryParse(metadata.ReadSetting(PositionSetting), CultureInfo.InvariantCulture, out uint position) ? position : 0;
    }

    /// <summary>Starts the loop.</summary>
    public void Start() => _loop = RunAsync();

    /// <summary>Sets how many bytes are read a second, durably; 0 = nothing is.</summary>
    public void SetRate(long bytesPerSecond)
    {
        _metadata.WriteSetting(RateSetting, bytesPerSecond.ToString(CultureInfo.InvariantCulture));
        Interlocked.Exchange(ref _bytesPerSecond, bytesPerSecond);
        _bell.Set();
    }

    /// <summary>What it does now.</summary>
    public VerificationStatus GetStatus()
    {
        lock (_lock)
            return new(Interlocked.Read(ref _bytesPerSecond), Interlocked.Read(ref _readBytes), _position, _table.NextId.Value - 1, _passes, _lastPass, [.. _damages.Values]);
    }

    /// <summary>Ends the loop.</summary>
    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        int sinceNote = 0;
        try
        {
            for (int attempt = 0; ;)
            {
                _stop.Token.ThrowIfCancellationRequested();
                if (Interlocked.Read(ref _bytesPerSecond) is not (> 0 and var rate))
                {
                    await _bell.WaitAsync(Timeout.InfiniteTimeSpan, _stop.Token);
                    continue;
                }
                if (FindNext() is not { } next)
                {
                    EndPass();
                    await _bell.WaitAsync(BetweenPasses, _stop.Token);
                    continue;
                }
                try
                {
                    long bytes = await VerifyAsync(next.Id, next.Row);
                    attempt = 0;
                    lock (_lock)
                        _position = next.Id.Value;
                    Interlocked.Add(ref _readBytes, bytes);
                    if (++sinceNote % SegmentsBetweenNotes == 0)
                        NotePosition();
                    await Task.Delay(TimeSpan.FromSeconds((double)bytes / rate), _time, _stop.Token);
                }
                catch (ObjectStoreException)
                {
                    // The store is not there: whoever needs it says so.
                    await Task.Delay(BackOff.Delay(attempt++, _time), _time, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            NotePosition();
        }
        catch (IOException e)
        {
            VolumesLog.VerificationEnded(_logger, e);
        }
    }

    private (SegmentId Id, SegmentRow Row)? FindNext()
    {
        for (uint id = _position + 1; id < _table.NextId.Value; id++)
            if (_table.TryGet(new(id), out SegmentRow row))
                return (new(id), row);
        return null;
    }

    /// <summary>Gives the bytes read.</summary>
    private async Task<long> VerifyAsync(SegmentId id, SegmentRow row)
    {
        string key = SegmentKey.Format(_table.VolumeUuid(row.Volume), row.Sequence);
        byte[] block = new byte[SegmentHeader.BlockBytes];
        try
        {
            await RereadAsync(async () => await _segments.ReadHeaderAsync(id, _stop.Token));
            for (int index = 0; index < row.BlockCount; index++)
                await RereadAsync(async () => await _segments.ReadAsync(id, index, block, _stop.Token));
            await _segments.MendCopiesAsync(key, _stop.Token);
            lock (_lock)
                _damages.Remove(key);
        }
        catch (SegmentCorruptException e)
        {
            Found(new(e.BlockIndex < 0 ? CheckKinds.SegmentHeader : CheckKinds.SegmentBlock, key, e.Message));
        }
        catch (ObjectStoreException e) when (e.Error is ObjectStoreError.NotFound or ObjectStoreError.Fatal)
        {
            // What nothing names may just have been deleted.
            if (_table.TryGet(id, out SegmentRow now) && now.References > 0)
                Found(new(e.Error == ObjectStoreError.NotFound ? CheckKinds.SegmentMissing : CheckKinds.SegmentLength, key, e.Message));
        }
        return row.ObjectBytes;
    }

    /// <summary>What arrives damaged is read again, since a bit can flip on the way.</summary>
    private static async Task RereadAsync(Func<Task> read)
    {
        for (int damaged = 1; ; damaged++)
            try
            {
                await read();
                return;
            }
            catch (SegmentCorruptException) when (damaged <= Rereads)
            {
                // Read again.
            }
    }

    private void Found(CheckFinding damage)
    {
        lock (_lock)
            if (_damages.Count >= MaxDamages || !_damages.TryAdd(damage.Subject, damage))
                return;
        VolumesLog.VerificationFound(_logger, damage.Subject, damage.Detail);
    }

    private void EndPass()
    {
        lock (_lock)
        {
            if (_position > 0)
                (_position, _passes, _lastPass) = (0, _passes + 1, _time.GetUtcNow());
        }
        NotePosition();
    }

    private void NotePosition() => _metadata.WriteSetting(PositionSetting, _position.ToString(CultureInfo.InvariantCulture));
}
