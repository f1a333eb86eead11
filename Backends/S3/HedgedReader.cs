using System.Buffers;

namespace Lunaria.Backends.S3;

/// <summary>
/// Ranged reads: one that is slow is asked for again, and the fastest answer counts. Owned by the store; thread-safe.
/// </summary>
internal sealed class HedgedReader(S3Lane lane, S3Requests requests, TimeProvider time)
{
    private readonly Hedge hedge = new(lane, time);

    /// <summary>Fills <paramref name="destination"/>; nothing touches it after the end of the call.</summary>
    public async Task ReadAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
    {
        byte[]?[] spares = new byte[]?[Hedge.MostTimes];
        try
        {
            int winner = await hedge.RunAsync(async (times, token) =>
            {
                await GetAsync(key, offsetBytes, times == 0 ? destination : (spares[times] = ArrayPool<byte>.Shared.Rent(destination.Length)).AsMemory(0, destination.Length), token);
                return times;
            }, cancellation);
            if (winner > 0)
                spares[winner].AsMemory(0, destination.Length).CopyTo(destination);
        }
        finally
        {
            foreach (byte[]? spare in spares)
                if (spare is not null)
                    ArrayPool<byte>.Shared.Return(spare);
        }
    }

    private Task<bool> GetAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation) =>
        lane.RunAsync($"reading {destination.Length} bytes at {offsetBytes} of object '{key}'", destination.Length, async (address, token) =>
        {
            await requests.GetAsync(address, key, offsetBytes, destination, token);
            return true;
        }, cancellation);
}
