using Lunaria.Backends.Pool;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>
/// What a pool may hold: for each key the value that was acknowledged, and those that a call in progress, or a failed one, may have left. A value
/// is the name and length of a <see cref="Content"/>; null is no object. Each key has one writer at a time.
/// </summary>
internal sealed class PoolModel
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, List<Value?>> possible = new(StringComparer.Ordinal);

    internal sealed record Value(string Name, int LengthBytes)
    {
        public byte[] Bytes { get; } = Content.Of(Name, LengthBytes);
    }

    public PoolModel()
    {
    }

    private PoolModel(Dictionary<string, List<Value?>> possible) => this.possible = possible;

    /// <summary>What the key holds for certain; fails where that is open.</summary>
    public Value? Certain(string key)
    {
        lock (gate)
            return possible.TryGetValue(key, out List<Value?>? values) ? values.Single() : null;
    }

    /// <summary>False after a call that failed.</summary>
    public bool IsCertain(string key)
    {
        lock (gate)
            return !possible.TryGetValue(key, out List<Value?>? values) || values.Count == 1;
    }

    public async Task PutAsync(IObjectStore store, string key, Value value) =>
        await ChangeAsync(key, value, () => store.PutIfAbsentAsync(key, value.Bytes, CancellationToken.None));

    public async Task DeleteAsync(IObjectStore store, string key) => await ChangeAsync(key, null, async () =>
    {
        await store.DeleteAsync(key, CancellationToken.None);
        return "";
    });

    public async Task ReplaceAsync(IObjectStore store, string key, Value value)
    {
        ObjectInfo? before = await store.HeadAsync(key, CancellationToken.None);
        await ChangeAsync(key, value, () => store.CompareAndSetAsync(key, before?.Tag, value.Bytes, CancellationToken.None));
    }

    /// <summary>A call failed in a way that tells that it did nothing.</summary>
    public void NothingChanged(string key)
    {
        lock (gate)
            possible[key].RemoveAt(possible[key].Count - 1);
    }

    /// <summary>Takes a copy of the model, and runs <paramref name="action"/> while no call begins or is acknowledged.</summary>
    public (PoolModel Model, T Result) Freeze<T>(Func<T> action)
    {
        lock (gate)
            return (new PoolModel(possible.ToDictionary(pair => pair.Key, pair => pair.Value.ToList(), StringComparer.Ordinal)), action());
    }

    /// <summary>The pool holds a possible value for each key, whole, and nothing else. From then on the value found is certain.</summary>
    public async Task VerifyAsync(LocalPool pool, string context)
    {
        IReadOnlyList<ObjectInfo> listed = await pool.ListAllAsync("");
        foreach (ObjectInfo info in listed)
            Assert.IsTrue(possible.ContainsKey(info.Key), $"{context}: '{info.Key}' was never put");
        foreach ((string key, List<Value?> values) in possible)
        {
            ObjectInfo? info = listed.SingleOrDefault(info => info.Key == key);
            Value? found = null;
            if (info is null)
                Assert.IsTrue(values.Contains(null), $"{context}: '{key}' is lost");
            else
            {
                byte[] bytes = await pool.ReadAllAsync(key);
                found = values.FirstOrDefault(value => value is not null && value.LengthBytes == bytes.Length && value.Bytes.AsSpan().SequenceEqual(bytes));
                Assert.IsNotNull(found, $"{context}: '{key}' holds neither what it held nor what was being put");
            }

            values.Clear();
            values.Add(found);
        }
    }

    private async Task ChangeAsync(string key, Value? to, Func<ValueTask<string>> change)
    {
        lock (gate)
        {
            if (!possible.TryGetValue(key, out List<Value?>? values))
                possible[key] = values = [null];
            values.Add(to);
        }

        await change();
        lock (gate)
            possible[key] = [to];
    }
}
