using Lunaria.Volumes.Check;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Map;

namespace Lunaria.Volumes.Lines;

/// <summary>
/// Brings lines back from quarantine: puts map.db right as far as what is whole proves what was there, then applies what was published for the line meanwhile. Its work runs in the
/// destager's loop, which alone changes the map; it is asked for by any thread.
/// </summary>
internal sealed class LineRecovery(Publisher publisher, Metadata.MetadataDatabase metadata, Signal bell)
{
    private readonly Queue<(uint Line, TaskCompletionSource Done)> _asked = [];
    private Exception? _end;

    /// <summary>True where <see cref="RunAsync"/> should be called.</summary>
    public bool HasWork
    {
        get
        {
            lock (_asked)
                return _asked.Count > 0;
        }
    }

    /// <summary>Complete = the line is as it has to be. InvalidDataException, with what is left of the damage, where it cannot be put right.</summary>
    public Task RecoverAsync(uint line)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_asked)
        {
            if (_end is not null)
                return Task.FromException(_end);
            _asked.Enqueue((line, done));
        }
        bell.Set();
        return done.Task;
    }

    /// <summary>Does what is asked for.</summary>
    public async ValueTask RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            (uint Line, TaskCompletionSource Done) asked;
            lock (_asked)
                if (!_asked.TryDequeue(out asked))
                    return;
            try
            {
                await publisher.RecoverAsync(asked.Line, metadata, cancellation);
                asked.Done.SetResult();
            }
            catch (Exception e) when (e is MapDamageException or InvalidDataException or InvalidOperationException or ArgumentException or IndexOutOfRangeException or Backend.ObjectStoreException)
            {
                asked.Done.SetException(new InvalidDataException($"The volume cannot be brought back: {e.Message}", e));
            }
            catch (Exception e)
            {
                asked.Done.TrySetException(e);
                throw;
            }
        }
    }

    /// <summary>The destager has ended: nothing is recovered any more.</summary>
    public void Stop(Exception end)
    {
        lock (_asked)
        {
            _end = end;
            while (_asked.TryDequeue(out (uint Line, TaskCompletionSource Done) asked))
                asked.Done.TrySetException(end);
        }
    }
}
