using Lunaria.Volumes;
using Lunaria.Volumes.Backend;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// The pool of this machine, which only the program knows. <paramref name="Show"/>: the pool without what volumes promise. <paramref name="Evacuate"/> tells moved and total bytes.
/// <paramref name="GetKeysOnlyOn"/>: the objects that only a component has that failed; <paramref name="SetMarks"/>: below what the pool says that its space is low, or full. All fail
/// with <see cref="ObjectStoreException"/>.
/// </summary>
public sealed record PoolAccess(
    Func<PoolView> Show,
    Func<AddComponent, Task> Add,
    Func<Guid, Action<long, long>, CancellationToken, Task> Evacuate,
    Func<Guid, Task> Remove,
    Func<int, Task> SetCopies,
    Func<Guid, IReadOnlyList<string>> GetKeysOnlyOn,
    Action<MarkView, MarkView> SetMarks);

/// <summary>The pool and its components. Any thread.</summary>
public sealed class PoolService
{
    private const string Evacuation = "pool.evacuate";

    private readonly PoolAccess? _pool;
    private readonly VolumeManager _volumes;
    private readonly Func<ObjectStoreSpace, CapacityView> _capacity;
    private readonly ChangeRecorder _changes;
    private readonly JobService _jobs;

    internal PoolService(PoolAccess? pool, VolumeManager volumes, Func<ObjectStoreSpace, CapacityView> capacity, ChangeRecorder changes, JobService jobs) =>
        (_pool, _volumes, _capacity, _changes, _jobs) = (pool, volumes, capacity, changes, jobs);

    /// <summary>The pool and its components; <see cref="RefusalKind.NotFound"/> where the data is in a bucket.</summary>
    public PoolView Show()
    {
        var pool = Get().Show();
        var promised = _volumes.Volumes.Sum(volume => volume.SizeBytes);
        var running = _jobs.List().Where(job => job.Kind == Evacuation && job.State == JobState.Running).ToArray();
        return pool with
        {
            PromisedBytes = promised,
            OverCommit = pool.TotalBytes > 0 ? (double)promised / pool.TotalBytes : 0,
            DaysToFull = _capacity(new ObjectStoreSpace(pool.TotalBytes, pool.FreeBytes, pool.ReservedBytes)).DaysToFull,
            Components = [.. pool.Components.Select(component => component with { Job = Array.Find(running, job => job.Subject == Subject(component)), Volumes = Affected(component) })],
        };
    }

    /// <summary>Names of the volumes that may have data that only this component has, where it has failed; else null.</summary>
    internal IReadOnlyList<string>? Affected(ComponentView component) => component.State == ComponentState.Failed
        ? [.. _volumes.FindUsers(_pool!.GetKeysOnlyOn(component.Id)).Select(volume => volume.Name)]
        : null;

    /// <summary>The pool for who watches it; null where there is none.</summary>
    internal PoolView? Peek() => _pool?.Show();

    /// <summary>Adds a component, or takes back one that is being evacuated, while hosts write.</summary>
    public Task<PoolView> AddAsync(Actor actor, AddComponent wanted) => _changes.RunAsync(actor, "pool.add", $"pool component {wanted.Path}", async change =>
    {
        if (wanted.Path.Length == 0)
            throw new RefusedException(RefusalKind.Invalid, "path: a component needs one.", "path");
        await RunAsync(() => Get().Add(wanted));
        var view = Show();
        change.After = view.Components.ToArray();
        return view;
    });

    /// <summary>Begins to move all data from a component to the others; a job. It can be ended and begun again.</summary>
    public JobView Evacuate(Actor actor, string id)
    {
        var component = Find(id);
        return _jobs.Start(actor, Evacuation, Subject(component), progress => _changes.RunAsync(actor, Evacuation, Subject(component), async change =>
        {
            change.Begin(component);
            await RunAsync(() => Get().Evacuate(component.Id, (moved, total) => progress.Report(moved, total), progress.Stop));
            progress.Say($"{component.Path} is empty and can be removed.");
            change.After = Find(id);
            return true;
        }));
    }

    /// <summary>Removes a component that is evacuated.</summary>
    public Task<bool> RemoveAsync(Actor actor, string id) => _changes.RunAsync(actor, "pool.remove", Subject(Find(id)), async change =>
    {
        var component = Find(id);
        change.Begin(component);
        await RunAsync(() => Get().Remove(component.Id));
        return true;
    });

    /// <summary>Stores each object so many times from now on; what is there follows in the background.</summary>
    public Task<PoolView> SetCopiesAsync(Actor actor, PoolCopies wanted) => _changes.RunAsync(actor, "pool.copies", "pool", async change =>
    {
        if (wanted.Copies is < 1 or > 2)
            throw new RefusedException(RefusalKind.Invalid, "copies: write 1 or 2.", "copies");
        await RunAsync(() => Get().SetCopies(wanted.Copies));
        change.After = wanted;
        return Show();
    });

    private static string Subject(ComponentView component) => $"pool component {component.Path}";

    private PoolAccess Get() =>
        _pool ?? throw new RefusedException(RefusalKind.NotFound, "This appliance has no pool: its data lies in the bucket that backend.s3 names.");

    private ComponentView Find(string id) =>
        Get().Show().Components.FirstOrDefault(component => component.Id.ToString() == id || component.Path == id)
        ?? throw new RefusedException(RefusalKind.NotFound, $"The pool has no component {id}. List them with pool status.");

    private static async Task RunAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (ObjectStoreException e)
        {
            throw new RefusedException(e.Error == ObjectStoreError.NotFound ? RefusalKind.NotFound : RefusalKind.InUse, e.Message);
        }
        catch (ObjectDisposedException)
        {
            throw new RefusedException(RefusalKind.Unavailable, "The appliance is stopping.");
        }
    }
}
