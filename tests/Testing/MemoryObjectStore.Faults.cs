using Lunaria.Volumes.Backend;

namespace Lunaria.Testing;

/// <content>What goes wrong on demand.</content>
public sealed partial class MemoryObjectStore
{
    /// <summary>From now on puts wait for <see cref="ReleasePuts"/>.</summary>
    public void HoldPuts()
    {
        lock (sync) hold ??= new();
    }

    /// <summary>Lets held puts go on.</summary>
    public void ReleasePuts()
    {
        TaskCompletionSource? released;
        lock (sync) (released, hold) = (hold, null);
        released?.SetResult();
    }

    /// <summary>Completes when a put is being held.</summary>
    public Task PutHeldAsync()
    {
        lock (sync) return arrivals.Task;
    }

    /// <summary>The next <paramref name="count"/> puts fail with <paramref name="error"/> and store nothing.</summary>
    public void FailPuts(ObjectStoreError error, int count)
    {
        lock (sync)
            for (int i = 0; i < count; i++) putFailures.Enqueue(error);
    }

    /// <summary>The next <paramref name="count"/> reads fail with <paramref name="error"/>.</summary>
    public void FailGets(ObjectStoreError error, int count)
    {
        lock (sync)
            for (int i = 0; i < count; i++) getFailures.Enqueue(error);
    }

    /// <summary>The next <paramref name="count"/> puts store their object and then fail with Retry, as if the answer were lost.</summary>
    public void LosePutAnswers(int count)
    {
        lock (sync) lostAnswers += count;
    }

    /// <summary>The next <paramref name="count"/> reads give a flipped byte, though the objects are whole.</summary>
    public void SpoilGets(int count)
    {
        lock (sync) spoiltGets += count;
    }

    /// <summary>Flips one byte of an object.</summary>
    public void Corrupt(string key, long offsetBytes)
    {
        lock (sync) objects[key][offsetBytes] ^= 0x5A;
    }
}
