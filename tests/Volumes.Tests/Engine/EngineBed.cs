using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Tests.Model;
using Lunaria.Volumes.Tests.PowerCut;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>
/// The engine on a simulated disk and store, with SQLite in a temporary directory. Lives of the engine follow each other on what the one before left.
/// </summary>
internal sealed class EngineBed : IAsyncDisposable
{
    public const int Block = 4096;

    /// <summary>Everything tiny, so that the log wraps, segments are many and the map pages after a few writes.</summary>
    public static readonly VolumesOptions Tiny = new()
    {
        Log = new() { FileBytes = 128 << 10, SizeBytes = 8 * (128 << 10) },
        SegmentBytes = 32 << 10,
        CutBytes = 128 << 10,
        DestageThresholdBytes = 256 << 10,
        CheckpointJournalBytes = 16 << 10,
        MapMemoryBytes = 256 << 10,
    };

    // In memory where that can be had: what a test of the engine needs from SQLite is its files, not their fsync.
    private readonly string _root = Directory.CreateDirectory(
        Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"lunaria-engine-{Guid.NewGuid():n}")).FullName;

    private readonly VolumesOptions _options;
    private readonly TimeProvider _time;
    private int _life;

    private EngineBed(VolumesOptions options, TimeProvider time) => (_options, _time) = (options, time);

    public SimDisk Disk { get; set; } = new();
    public MemoryObjectStore Store { get; set; } = new();

    /// <summary>Called before each change of the disk and the store, where <see cref="WatchDisk"/> was set in time. What it throws is the failure of the change.</summary>
    public Action? Changing { get; set; }

    public bool WatchDisk { get; set; }

    /// <summary>Called before each start of the engine, with the disk and the store of that life.</summary>
    public Action? Starting { get; set; }

    public VolumeManager Manager { get; private set; } = null!;

    public string SqliteDirectory => Path.Combine(_root, $"life-{_life}");

    public static async Task<EngineBed> OpenAsync(VolumesOptions? options = null, TimeProvider? time = null, Action<EngineBed>? prepare = null)
    {
        EngineBed bed = new(options ?? Tiny, time ?? TimeProvider.System);
        prepare?.Invoke(bed);
        Directory.CreateDirectory(bed.SqliteDirectory);
        await bed.StartAsync();
        return bed;
    }

    public Task<Volume> CreateAsync(string name = "v", long sizeBytes = 64 << 20) => Manager.CreateVolumeAsync(name, sizeBytes).AsTask();

    /// <summary>Reads all of a volume and compares it.</summary>
    public async Task CheckAsync(Volume volume, byte[] content)
    {
        byte[] found = new byte[content.Length];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, found), Manager.GetStatistics().Health.Cause);
        ModelSteps.AssertSame(content, found, 0);
    }

    /// <summary>Starts the engine on what is there.</summary>
    public async Task StartAsync()
    {
        Starting?.Invoke();
        IDisk disk = WatchDisk ? new WatchedDisk(Disk, _ => Changing?.Invoke()) : Disk;
        if (WatchDisk)
            Store.BeforeOperation = _ => Changing?.Invoke();
        Manager = await VolumeManager.OpenAsync(disk, SqliteDirectory, Store, _options, _time, NullLoggerFactory.Instance);
    }

    /// <summary>Stops in order and starts again.</summary>
    public async Task RestartAsync()
    {
        await Manager.DisposeAsync();
        await StartAsync();
    }

    /// <summary>
    /// The process dies, and another one finds what it left: the page cache as it was, puts in flight landed or not. With
    /// <paramref name="powerCut"/> what was not flushed is lost or torn, too.
    /// </summary>
    public async Task KillAsync(Random random, bool powerCut = false)
    {
        await DieAsync(random, powerCut);
        await StartAsync();
    }

    /// <summary>The process dies, and these files of the data directory are lost with it.</summary>
    public async Task LoseAsync(Random random, params string[] databases)
    {
        await DieAsync(random, powerCut: false);
        foreach (string file in databases.SelectMany(name => (string[])[name, $"{name}-wal", $"{name}-shm"]))
            File.Delete(Path.Combine(SqliteDirectory, file));
        await StartAsync();
    }

    /// <summary>The machine is lost; another one imports what the store has, and starts.</summary>
    public async Task<ImportReport> LoseMachineAsync(Random random, bool keepDisk = false)
    {
        await DieAsync(random, powerCut: false);
        Directory.Delete(SqliteDirectory, true);
        Directory.CreateDirectory(SqliteDirectory);
        if (!keepDisk)
            Disk = new();
        ImportReport report = await Recovery().ImportAsync(_options.Log, null, CancellationToken.None);
        await StartAsync();
        return report;
    }

    /// <summary>What rebuilds files of this directory from this store.</summary>
    public CatalogRecovery Recovery() => new(Disk, SqliteDirectory, Store, _time, NullLogger.Instance);

    /// <summary>The store's catalog has everything written so far.</summary>
    public async Task SaveAsync()
    {
        await Manager.DestageAsync();
        await Manager.SaveCatalogAsync();
    }

    /// <summary>The process dies; nothing is started on what it left.</summary>
    public async Task DieAsync(Random random, bool powerCut = false)
    {
        MemoryObjectStore store = Store;
        SimDisk disk = Disk;
        string sqlite = SqliteDirectory;
        _life++;
        // From here on the dead engine's puts fail; what it had begun otherwise it ends.
        Store = store.Reborn(random);
        await Manager.AbandonAsync();
        Disk = powerCut ? disk.PowerCut(random) : disk.Clone();
        CopyDirectory(sqlite, SqliteDirectory);
        Directory.Delete(sqlite, true);
    }

    /// <summary>Blocks of an engine without writers: what map and log together hold of a volume.</summary>
    public static int CountMapped(ReadOnlySpan<byte> content)
    {
        int mapped = 0;
        for (; content.Length > 0; content = content[Block..])
            mapped += content[..Block].ContainsAnyExcept((byte)0) ? 1 : 0;
        return mapped;
    }

    public async ValueTask DisposeAsync()
    {
        await Manager.DisposeAsync();
        Directory.Delete(_root, true);
    }

    private static void CopyDirectory(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
