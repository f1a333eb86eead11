using Lunaria.Iscsi;
using Lunaria.Iscsi.Scsi;
using Lunaria.Volumes;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Live;
using Lunaria.WebUi.Schedules;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// What can be done to a running appliance, one service per noun. Everything that administers (the API, and through it command line and page;
/// appliance.json at the start) goes through these. Owned by the run, made when engine and target are open. Any thread.
/// </summary>
public sealed class ApplianceServices : IAsyncDisposable
{
    /// <summary>
    /// Serves the targets of lunaria.db. <paramref name="openMedium"/> makes a volume the medium of a logical unit.
    /// InvalidDataException where lunaria.db does not fit the volumes or the key file.
    /// </summary>
    public ApplianceServices(
        VolumeManager volumes,
        IscsiServer server,
        CatalogDatabase database,
        SecretBox secrets,
        string fileToken,
        Func<Volume, UnitRecord, IBlockDevice> openMedium,
        SettingsAccess settings,
        PoolAccess? pool,
        EncryptionAccess? encryption,
        TimeProvider time)
    {
        var locks = new ObjectLocks(time);
        Audit = new AuditStore(database, time);
        Events = new EventService(new EventStore(database), time);
        Jobs = new JobService(Events, time);
        var changes = new ChangeRecorder(locks, Audit);
        Settings = new SettingsService(settings, changes);
        var store = new TargetStore(database, secrets, time);
        Units = new UnitTable(volumes, store, openMedium);
        var mapped = new MappedSnapshots(volumes);
        Catalog = new TargetCatalog(server, volumes, mapped, Units, store);
        Watermarks = new WatermarkService(new WatermarkStore(database), volumes, pool, changes);
        Volumes = new VolumeService(volumes, server, Catalog, Units, Watermarks, changes, Jobs);
        Cache = new CacheService(volumes, Volumes, changes);
        Stored = new StoredSnapshots(volumes);
        Stored.Find();
        Snapshots = new SnapshotService(volumes, Volumes, Units, Stored, changes, time);
        Transfers = new TransferService(volumes, Volumes, changes);
        Schedules = new ScheduleService(volumes, Volumes, new ScheduleRun(volumes, Catalog, Stored, locks, time), new ScheduleStore(database), changes, time);
        Luns = new LunService(volumes, Catalog, store, Units, mapped, changes, locks);
        Targets = new TargetService(server, Catalog, store, Luns, changes);
        Access = new AccessService(server, Catalog, store, changes);
        Sessions = new SessionService(server, Catalog, changes);
        ScheduleRunner = new ScheduleRunner(Schedules, locks, Events, time);
        Backups = new BackupService(volumes.Metadata, changes, time);
        Integrity = new IntegrityService(volumes, Volumes, changes, Jobs, Events, time);
        var accounts = new AccountStore(database);
        Tokens = new TokenService(accounts, changes, fileToken, time);
        Users = new UserService(accounts, Tokens, changes, time);
        FirstRun = new FirstRun(Users);
        Load = new LoadService(volumes, Units, new CapacityStore(database), time);
        Backend = new BackendService(pool == null ? BackendKind.S3 : BackendKind.Pool, volumes, Jobs, time);
        Pool = new PoolService(pool, volumes, Load.GetCapacity, changes, Jobs);
        Encryption = new EncryptionService(encryption, changes);
    }

    /// <summary>Volumes.</summary>
    public VolumeService Volumes { get; }

    /// <summary>The read cache.</summary>
    public CacheService Cache { get; }

    /// <summary>Snapshots, and what is made of them.</summary>
    public SnapshotService Snapshots { get; }

    /// <summary>Export and import.</summary>
    public TransferService Transfers { get; }

    /// <summary>Schedules of snapshots.</summary>
    public ScheduleService Schedules { get; }

    /// <summary>Runs the schedules; the owner starts it.</summary>
    public ScheduleRunner ScheduleRunner { get; }

    /// <summary>Targets.</summary>
    public TargetService Targets { get; }

    /// <summary>LUNs.</summary>
    public LunService Luns { get; }

    /// <summary>Initiators.</summary>
    public AccessService Access { get; }

    /// <summary>Sessions.</summary>
    public SessionService Sessions { get; }

    /// <summary>Tokens of scripts, and who asks.</summary>
    public TokenService Tokens { get; }

    /// <summary>People who log in.</summary>
    public UserService Users { get; }

    /// <summary>The page's first use.</summary>
    public FirstRun FirstRun { get; }

    /// <summary>Load and space over time.</summary>
    public LoadService Load { get; }

    /// <summary>What has happened.</summary>
    public EventService Events { get; }

    /// <summary>Copies of lunaria.db.</summary>
    public BackupService Backups { get; }

    /// <summary>Checks, audits and garbage collection.</summary>
    public IntegrityService Integrity { get; }

    /// <summary>Work in the background.</summary>
    public JobService Jobs { get; }

    /// <summary>What the store has.</summary>
    public BackendService Backend { get; }

    /// <summary>The pool.</summary>
    public PoolService Pool { get; }

    /// <summary>When space counts as scarce.</summary>
    public WatermarkService Watermarks { get; }

    /// <summary>The keys of the store.</summary>
    public EncryptionService Encryption { get; }

    /// <summary>The settings of appliance.json.</summary>
    public SettingsService Settings { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Jobs.DisposeAsync();
        ScheduleRunner.Dispose();
    }

    internal AuditStore Audit { get; }

    internal StoredSnapshots Stored { get; }

    internal TargetCatalog Catalog { get; }

    internal UnitTable Units { get; }
}
