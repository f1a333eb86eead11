using Lunaria.WebUi.Catalog;

namespace Lunaria.WebUi.Administration;

/// <summary>One change as it happens: what the thing was before and is after, for the audit log. Secrets never get in.</summary>
internal sealed class Change(Actor actor)
{
    /// <summary>The thing before; null where there was none.</summary>
    public object? Before { get; private set; }

    /// <summary>The thing after; null where there is none.</summary>
    public object? After { get; set; }

    /// <summary>
    /// What the thing is before. <see cref="RefusalKind.Changed"/> where who asks has seen another state of it (If-Match).
    /// </summary>
    public void Begin(object before)
    {
        Before = before;
        if (actor.IfMatch is { } seen && seen != "*" && !seen.Split(',').Select(tag => tag.Trim()).Contains(EntityTag.Of(before)))
            throw new RefusedException(RefusalKind.Changed, "The object has been changed since it was read. Read it again, then decide.");
    }

    /// <summary>True where everything was already as asked for: nothing is recorded.</summary>
    public bool Nothing { get; set; }
}

/// <summary>The frame of every change: the object's lock, the work, the entry in the audit log. Any thread.</summary>
internal sealed class ChangeRecorder(ObjectLocks locks, AuditStore audit)
{
    /// <summary>
    /// Runs <paramref name="work"/> alone on <paramref name="subject"/>. What fails is not recorded: it has changed nothing.
    /// </summary>
    public async Task<T> RunAsync<T>(Actor actor, string action, string subject, Func<Change, Task<T>> work)
    {
        using (await locks.TakeAsync(subject, actor.Name, action))
        {
            var change = new Change(actor);
            var result = await work(change);
            if (!change.Nothing)
                audit.Add(actor, action, subject, change.Before, change.After);
            return result;
        }
    }

    /// <summary>The same for work that waits for nothing.</summary>
    public Task<T> RunAsync<T>(Actor actor, string action, string subject, Func<Change, T> work) =>
        RunAsync(actor, action, subject, change => Task.FromResult(work(change)));
}
