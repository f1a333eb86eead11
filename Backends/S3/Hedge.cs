namespace Lunaria.Backends.S3;

/// <summary>
/// Requests of one kind that may be made again without harm: one that is slow is made a second time, and a third where that is slow, too; the fastest answer counts. So one that hangs costs
/// little more than one that does not, also where very many are made. Owned by the store; thread-safe.
/// </summary>
internal sealed class Hedge(S3Lane lane, TimeProvider time)
{
    /// <summary>So often a request is made at most.</summary>
    public const int MostTimes = 3;

    private readonly LatencyEstimate latency = new();

    /// <summary>The fastest answer. <paramref name="request"/>: its argument counts the times, from 0. None of them is under way after the end of the call.</summary>
    public async Task<T> RunAsync<T>(Func<int, CancellationToken, Task<T>> request, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        List<Task<T>> made = [];
        do
            made.Add(MeasureAsync(request, made.Count, stop.Token));
        while (!await EndsWithinAsync(Task.WhenAny(made), latency.Slow, stop.Token) && made.Count < MostTimes && lane.HasRoom && !stop.IsCancellationRequested);
        if (made.Count == 1)
            return await made[0];
        try
        {
            List<Task<T>> open = [.. made];
            while (true)
            {
                Task<T> ended = await Task.WhenAny(open);
                open.Remove(ended);
                if (ended.IsCompletedSuccessfully || open.Count == 0)
                    return await ended;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll((IEnumerable<Task>)made).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<T> MeasureAsync<T>(Func<int, CancellationToken, Task<T>> request, int times, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        T answer = await request(times, cancellation);
        latency.Add(time.GetElapsedTime(start));
        return answer;
    }

    private async ValueTask<bool> EndsWithinAsync(Task request, TimeSpan wait, CancellationToken cancellation)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task ended = await Task.WhenAny(request, Task.Delay(wait, time, timer.Token));
        await timer.CancelAsync();
        return ended == request;
    }
}
