using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.S3;

/// <summary>
/// Finds out whether a store keeps the conditions of uploads, with objects of its own that it deletes again. Used once, by <see cref="S3ObjectStore.OpenAsync"/>:
/// some stores ignore the conditions silently, and two appliances on such a store would overwrite each other.
/// </summary>
internal sealed class ConditionProbe(S3Lane lane, S3Requests requests)
{
    private const int Racers = 8;
    private readonly string prefix = $"probe/{Guid.NewGuid():n}/";

    /// <summary><paramref name="Excludes"/>: conditions hold. <paramref name="Reason"/>: which one does not.</summary>
    internal sealed record Verdict(bool Excludes, bool QuotesTags, string Reason);

    /// <summary>The verdict; <see cref="ObjectStoreException"/> where the store cannot be used now.</summary>
    public async ValueTask<Verdict> RunAsync(CancellationToken cancellation)
    {
        string key = prefix + "once", race = prefix + "race";
        try
        {
            if (await TryPutAsync(key, "1"u8.ToArray(), S3Condition.Absent, cancellation) is not { } first)
                return new(false, true, "it says of a new object that it exists");
            if (await TryPutAsync(key, "2"u8.ToArray(), S3Condition.Absent, cancellation) is not null)
                return new(false, true, "it ignores If-None-Match");
            if (await ReplaceAsync(key, first, cancellation) is not { } second)
                return new(false, true, "it does not know If-Match");
            if (second == first || await TryPutAsync(key, "4"u8.ToArray(), new(false, first), cancellation) is not null)
                return new(false, true, "it ignores If-Match");
            string?[] tags = await Task.WhenAll(Enumerable.Range(0, Racers).Select(racer => TryPutAsync(race, [(byte)racer], S3Condition.Absent, cancellation)));
            int winners = tags.Count(tag => tag is not null);
            return winners == 1 ? new(true, requests.QuotesTags, "") : new(false, true, $"{winners} of {Racers} writers at once were told that they created the object");
        }
        finally
        {
            await DeleteAsync(key);
            await DeleteAsync(race);
        }
    }

    /// <summary>Replaces by the object's true tag, in quotes, then without; the one that works is used from now on.</summary>
    private async Task<string?> ReplaceAsync(string key, string tag, CancellationToken cancellation)
    {
        requests.QuotesTags = true;
        if (await TryPutAsync(key, "3"u8.ToArray(), new(false, tag), cancellation) is { } replaced)
            return replaced;
        requests.QuotesTags = false;
        return await TryPutAsync(key, "3"u8.ToArray(), new(false, tag), cancellation);
    }

    /// <summary>The new object's tag; null where the condition failed. An attempt without an answer is not repeated here: the whole probe is.</summary>
    private async Task<string?> TryPutAsync(string key, byte[] content, S3Condition condition, CancellationToken cancellation)
    {
        try
        {
            return await lane.TryAsync("the probe for conditional uploads", content.Length,
                (address, token) => requests.PutAsync(address, key, content, condition, "probe", token), cancellation);
        }
        catch (ObjectStoreException e) when (e.Error is ObjectStoreError.Exists)
        {
            return null;
        }
    }

    private async Task DeleteAsync(string key)
    {
        try
        {
            await lane.TryAsync("deleting the probe", 0, async (address, token) =>
            {
                await requests.DeleteAsync(address, key, token);
                return true;
            }, CancellationToken.None);
        }
        catch (ObjectStoreException)
        {
            // A few bytes are left; the probe itself says what is wrong with the store.
        }
    }
}
