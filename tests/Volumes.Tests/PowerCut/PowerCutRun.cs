using Lunaria.Volumes.Tests.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Volumes.Tests.PowerCut;

/// <summary>
/// One life of an engine under random load, in which the power fails many times, each time on a copy. One thread; what follows from a seed is always the same.
/// </summary>
internal sealed class PowerCutRun(int seed, string directory, MemoryObjectStore store, Action<CutPoint> onCut)
{
    public const int Volumes = 2, VolumeSectors = 1024;

    private const string Journal = "journal", MapWal = "map.db-wal", Map = "map.db";
    private readonly Random _random = new(seed);
    private readonly SimDisk _disk = new();
    private Dictionary<string, byte[]>? _staleDatabases;
    private Dictionary<string, byte[]>? _beforeCheckpoint;
    private double _probability;
    private int _flushed;

    public StampHistory History { get; } = new();

    /// <summary>Plants what goes wrong on its disk once all files are there; null = nothing.</summary>
    public Action<SimFaults>? Plant { get; init; }

    /// <summary>True = the power takes the last checkpoint back, although it was answered.</summary>
    public bool LosesCheckpoints { get; init; }

    /// <summary>What the first cut that was found wrong threw; the engine under it takes that for a failure of its disk.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Small in every direction, but not always in the same.</summary>
    public VolumesOptions Options { get; } = OptionsOf(new(seed));

    /// <summary>Runs so many operations, with a cut before and after about every n-th change of a disk or the store.</summary>
    public async Task RunAsync(TimeProvider time, int operations, double probability)
    {
        await using VolumeManager manager = await VolumeManager.OpenAsync(
            new WatchedDisk(_disk, OnChange), directory, store, Options, time, NullLoggerFactory.Instance);
        for (int i = 0; i < Volumes; i++)
            await manager.CreateVolumeAsync($"v{i}", VolumeSectors * StampHistory.SectorBytes);
        store.BeforeOperation = OnChange;
        Plant?.Invoke(_disk.Faults);
        _probability = probability;
        for (int i = 0; i < operations; i++)
        {
            await StepAsync(manager);
            if (_random.Next(3) == 0)
                await Task.Yield();
        }
        _probability = 0;
        if (Failure is not null)
            throw Failure;
    }

    private static VolumesOptions OptionsOf(Random random) => new()
    {
        Log = new() { FileBytes = 96 << 10, SizeBytes = random.Next(4, 12) * (96 << 10) },
        SegmentBytes = random.Next(4, 20) << 12,
        CutBytes = random.Next(32, 200) << 10,
        DestageThresholdBytes = random.Next(32, 200) << 10,
        CheckpointJournalBytes = random.Next(1, 16) << 10,
        MapMemoryBytes = 256 << 10,
        ConcurrentPuts = random.Next(1, 5),
    };

    private async Task StepAsync(VolumeManager manager)
    {
        int at = _random.Next(Volumes);
        Volume volume = manager.Volumes[at];
        int unit = _random.Next(3) == 0 ? 1 : StampHistory.BlockSectors;
        int count = unit * _random.Next(1, _random.Next(12) == 0 ? 64 : 10);
        count = Math.Min(count, 256);
        int sector = _random.Next(((VolumeSectors - count) / unit) + 1) * unit;
        long offset = (long)sector * StampHistory.SectorBytes;
        switch (_random.Next(100))
        {
            case < 70:
                bool durable = _random.Next(12) == 0;
                VolumeStatus status = await volume.WriteAsync(offset, History.Write(at, sector, count), durable);
                Assert.AreEqual(VolumeStatus.Ok, status);
                if (durable)
                    _flushed = History.Count;
                break;
            case < 75:
                History.Zero(at, sector, count);
                Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(offset, new byte[count * StampHistory.SectorBytes], false));
                break;
            case < 85:
                // Head, then whole blocks, then tail: as the engine orders them, and as the history does.
                History.Zero(at, sector, count);
                Assert.AreEqual(VolumeStatus.Ok, await volume.UnmapAsync(offset, (long)count * StampHistory.SectorBytes));
                break;
            case < 93:
                int issued = History.Count;
                Assert.AreEqual(VolumeStatus.Ok, await volume.FlushAsync());
                _flushed = issued;
                break;
            case < 97:
                _ = manager.DestageAsync(checkpoint: _random.Next(2) == 0).ContinueWith(static task => task.Exception, TaskScheduler.Default);
                break;
            default:
                await manager.DestageAsync(checkpoint: true);
                break;
        }
    }

    private void OnChange(string path)
    {
        if (Failure is not null || _probability == 0)
            return;
        if (LosesCheckpoints)
            _staleDatabases ??= CutPoint.ReadDatabases(directory);
        if (_random.NextDouble() < _probability)
            Cut(path, _staleDatabases ?? CutPoint.ReadDatabases(directory));
        if (!path.StartsWith(Journal, StringComparison.Ordinal))
            return;
        if (_beforeCheckpoint is { } before && TearLastCommit(before, CutPoint.ReadDatabases(directory)) is { } torn)
            Cut("a commit of map.db", torn);
        _beforeCheckpoint = _random.Next(6) == 0 ? CutPoint.ReadDatabases(directory) : null;
    }

    private void Cut(string where, Dictionary<string, byte[]> databases)
    {
        try
        {
            onCut(new(where, _disk.PowerCut(_random), store.Copy(_random), databases, _flushed, History.Count));
        }
        catch (Exception e)
        {
            Failure = e;
            throw;
        }
    }

    /// <summary>
    /// Nothing but map.db changed since then: so the power may as well have failed while the last commit was on its way to its WAL, which is left torn or
    /// garbled from some byte on. Null = there was no commit, or the WAL was moved into the file.
    /// </summary>
    private Dictionary<string, byte[]>? TearLastCommit(Dictionary<string, byte[]> before, Dictionary<string, byte[]> now)
    {
        if (!before.TryGetValue(MapWal, out byte[]? old) || !now.TryGetValue(MapWal, out byte[]? wal) || !before[Map].AsSpan().SequenceEqual(now[Map]))
            return null;
        int same = old.AsSpan().CommonPrefixLength(wal);
        if (same == wal.Length)
            return null;
        int from = _random.Next(same, wal.Length);
        byte[] torn = [.. wal.AsSpan(0, from), .. old.AsSpan(Math.Min(from, old.Length))];
        if (_random.Next(2) == 0)
            torn = [.. torn.AsSpan(0, from), .. RandomBytes(wal.Length - from)];
        return new(now) { [MapWal] = torn };
    }

    private byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }
}
