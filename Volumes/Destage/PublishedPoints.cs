using Lunaria.Volumes.Access;
using Lunaria.Volumes.Catalog;

namespace Lunaria.Volumes.Destage;

/// <summary>
/// Lets the catalog be saved at <em>points</em>: moments at which the map shows just what was written below what is published, of all lines. Between points it does not, since a cut leaves out
/// what later records replace; with the log lost, such a mixture of older and newer blocks would be no disk that ever was. Where a point is asked for, everything in the log is frozen and
/// published to its end. Used by the destager's loop, and by the catalog's saver, which asks for one point at a time.
/// </summary>
internal sealed class PublishedPoints(VolumeRegistry volumes, EngineParts engine, Publisher publisher, Signal bell)
{
    private readonly Lock _lock = new();
    private Request? _asked;
    private Exception? _end;
    private bool _anyMoment;
    private ulong _reachedLsn = engine.Log.NextLsn;

    /// <summary>True where the map is at a point now. By the destager's loop, or while that does not publish.</summary>
    public bool IsReached => publisher.Published.Lsn >= _reachedLsn;

    /// <summary>Up to where the destager has to publish for the point that is asked for.</summary>
    public ulong FrozenLsn { get; private set; }

    /// <summary>What is about to be published shows something of the log up to here. By the destager's loop.</summary>
    public void Reach(ulong lsn) => _reachedLsn = Math.Max(_reachedLsn, lsn);

    /// <summary>
    /// Runs <paramref name="capture"/> at the next point, while the map rests; it hears true. It hears false where nobody waits for a point: while the destager itself waits for the catalog.
    /// </summary>
    /// <exception cref="IOException">The destager has ended, and not at a point.</exception>
    public async ValueTask<CatalogMoment> CaptureAsync(Func<bool, CatalogMoment> capture, CancellationToken cancellation)
    {
        Request? request = null;
        lock (_lock)
        {
            if (_end is not null && !IsReached)
                throw new IOException("The object store is not at a point that could be saved, and nothing is published any more.", _end);
            if (_end is null && !_anyMoment)
                _asked = request = new(capture);
        }
        if (request is null)
            return await publisher.WhileMapRestsAsync(_ => capture(IsReached));
        bell.Set();
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<CatalogMoment>)state!).TrySetCanceled(token), request.Done);
        return await request.Done.Task;
    }

    /// <summary>Serves who asks, where a point is reached; else sees to it that one will be. False = it has to be published up to <see cref="FrozenLsn"/> for that. By the destager's loop.</summary>
    public async ValueTask<bool> TryServeAsync()
    {
        lock (_lock)
            if (_asked is null)
                return true;
        if (IsReached)
        {
            await ServeAsync();
            return true;
        }
        if (FrozenLsn <= publisher.Published.Lsn)
            // No line comes while the map rests.
            FrozenLsn = await publisher.WhileMapRestsAsync(_ =>
                BlockWriter.Freeze([.. volumes.Lines.Where(line => !line.IsLeft).OrderBy(line => line.Number).Select(line => line.Writer)], engine.Log).Lsn);
        return false;
    }

    /// <summary>Runs what waits for the catalog, in the destager's loop: who asks for a point is served at once until it ends.</summary>
    public async ValueTask AtAnyMomentAsync(Func<Task> waitForCatalog)
    {
        lock (_lock)
            _anyMoment = true;
        try
        {
            await ServeAsync();
            await waitForCatalog();
        }
        finally
        {
            lock (_lock)
                _anyMoment = false;
        }
    }

    /// <summary>The destager has ended. Who asks still is told so, unless all ends.</summary>
    public void Stop(Exception end)
    {
        Request? asked;
        lock (_lock)
            (_end, asked, _asked) = (end, _asked, null);
        if (end is not OperationCanceledException)
            asked?.Done.TrySetException(end);
    }

    private async ValueTask ServeAsync()
    {
        Request? asked;
        lock (_lock)
            (asked, _asked) = (_asked, null);
        if (asked is null)
            return;
        try
        {
            CatalogMoment moment = await publisher.WhileMapRestsAsync(_ => asked.Capture(IsReached));
            if (!asked.Done.TrySetResult(moment))
                moment.Dispose();
        }
        catch (Exception e)
        {
            // Whatever it is, it is the save's failure and not the destager's.
            asked.Done.TrySetException(e);
        }
    }

    private sealed record Request(Func<bool, CatalogMoment> Capture)
    {
        public TaskCompletionSource<CatalogMoment> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
