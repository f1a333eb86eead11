using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Pool;

/// <summary>
/// Group commit on one file: all callers that wrote before a round starts share its one flush. Rounds run one after the other. The first that
/// fails ends all: what the file holds is not known any more. Thread-safe; owned by a <see cref="PoolComponent"/>.
/// </summary>
internal sealed class FlushRounds(IDiskFile file)
{
    private readonly Lock gate = new();
    private TaskCompletionSource? waiting;
    private Exception? failure;
    private bool running;
    private long started;
    private long completed;

    /// <summary>Number of the first round that is certain to cover everything written before this call.</summary>
    public long NextRound
    {
        get
        {
            lock (gate)
                return started + 1;
        }
    }

    /// <summary>True where that round is over, with success.</summary>
    public bool IsComplete(long round) => Volatile.Read(ref completed) >= round;

    /// <summary>Complete = everything written before the call survives the loss of power.</summary>
    public Task FlushAsync()
    {
        Task round;
        lock (gate)
        {
            if (failure is not null)
                return Task.FromException(failure);
            waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            round = waiting.Task;
            if (running)
                return round;
            running = true;
        }

        _ = RunAsync();
        return round;
    }

    private async Task RunAsync()
    {
        while (TryStart(out TaskCompletionSource? round))
        {
            try
            {
                await file.FlushAsync();
                Volatile.Write(ref completed, completed + 1);
                round.SetResult();
            }
            catch (Exception e)
            {
                Fail(round, e);
            }
        }
    }

    private bool TryStart([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TaskCompletionSource? round)
    {
        lock (gate)
        {
            round = waiting;
            waiting = null;
            running = round is not null;
            if (running)
                started++;
            return running;
        }
    }

    private void Fail(TaskCompletionSource round, Exception cause)
    {
        TaskCompletionSource? followers;
        lock (gate)
        {
            failure = cause;
            followers = waiting;
            waiting = null;
        }

        round.SetException(cause);
        followers?.SetException(cause);
    }
}
