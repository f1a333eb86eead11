namespace Lunaria.WebUi.Administration;

/// <summary>The stable codes of events; <see cref="EventService.Codes"/> says what they mean.</summary>
internal static class EventCode
{
    public const string ApplianceStarted = "appliance.started";
    public const string EngineHealth = "engine.health";
    public const string VolumeHealth = "volume.health";
    public const string CheckFound = "check.found";
    public const string PoolSpace = "pool.space";
    public const string PoolOverCommit = "pool.overcommit";
    public const string PoolComponent = "pool.component";
    public const string PoolMending = "pool.mending";
    public const string CacheDevice = "cache.device";
    public const string CatalogSave = "catalog.save";
    public const string CatalogRebuilt = "catalog.rebuilt";
    public const string LogFilling = "log.filling";
    public const string JobFailed = "job.failed";
    public const string ScheduleRan = "schedule.ran";
    public const string ScheduleFailed = "schedule.failed";
    public const string SnapshotStored = "snapshot.stored";
    public const string SessionBegan = "session.began";
    public const string SessionEnded = "session.ended";
    public const string LoginRefused = "login.refused";
}
