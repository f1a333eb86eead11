using System.Buffers;

namespace Lunaria.Backends.S3;

/// <summary>
/// Ranged reads: one that is slow is asked for a second time, and the faster answer counts. Owned by the store; thread-safe.
/// </summary>
internal sealed class HedgedReader(S3Lane lane, S3Requests requests, TimeProvider time)
{
    private readonly LatencyEstimate latency = new();

    /// <summary>Fills <paramref name="destination"/>; nothing touches it after the end of the call.</summary>
    public async Task ReadAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task first = GetAsync(key, offsetBytes, destination, stop.Token);
        if (await EndsWithinAsync(first, latency.Slow, stop.Token) || !lane.HasRoom)
        {
            await first;
            return;
        }

        byte[] spare = ArrayPool<byte>.Shared.Rent(destination.Length);
        Task second = GetAsync(key, offsetBytes, spare.AsMemory(0, destination.Length), stop.Token);
        try
        {
            Task winner = await Task.WhenAny(first, second);
            if (!winner.IsCompletedSuccessfully)
                await (winner == first ? second : first);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(first, second).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!first.IsCompletedSuccessfully && second.IsCompletedSuccessfully)
                spare.AsMemory(0, destination.Length).CopyTo(destination);
            ArrayPool<byte>.Shared.Return(spare);
        }
    }

    private async Task GetAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        await lane.RunAsync($"reading {destination.Length} bytes at {offsetBytes} of object '{key}'", destination.Length, async (client, token) =>
        {
            await requests.GetAsync(client, key, offsetBytes, destination, token);
            return true;
        }, cancellation);
        latency.Add(time.GetElapsedTime(start));
    }

    private async ValueTask<bool> EndsWithinAsync(Task read, TimeSpan wait, CancellationToken cancellation)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task ended = await Task.WhenAny(read, Task.Delay(wait, time, timer.Token));
        await timer.CancelAsync();
        return ended == read;
    }
}
