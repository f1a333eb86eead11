using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Tests.Cache;

/// <summary>What the cache keeps, against LRU and S3-FIFO as it was published (ghosts by name, one use is enough), on traces of whole windows.</summary>
[TestClass]
public sealed class EvictionTests
{
    private const int Capacity = 1000, Requests = 200_000;

    public required TestContext TestContext { get; set; }

    [TestMethod]
    public async Task Hit_rates_are_those_of_published_S3_FIFO_and_above_LRU()
    {
        foreach ((string name, int[] trace) in new[]
        {
            ("Zipf 0.99 over 10 x cache", Zipf(10 * Capacity, new Random(1))),
            ("loop of 1.25 x cache", [.. Enumerable.Range(0, Requests).Select(i => i % (Capacity * 5 / 4))]),
            ("Zipf with a scan of 5 x cache in between", [.. Zipf(10 * Capacity, new Random(2)).Select((key, i) => i % 2 == 0 ? key : 1_000_000 + i / 2 % (5 * Capacity))]),
        })
        {
            double ours = await OursAsync(trace), published = Published(trace), lru = Lru(trace);
            TestContext.WriteLine($"{name}: this cache {ours:P1}, published S3-FIFO {published:P1}, LRU {lru:P1}");
            Assert.IsGreaterThan(published - 0.02, ours, name);
            Assert.IsGreaterThan(lru, ours, name);
        }
    }

    [TestMethod]
    public async Task What_is_filled_for_a_volume_that_was_deleted_meanwhile_is_everybodys()
    {
        using TemporaryDirectory directory = new();
        CacheLabel label = new(Guid.NewGuid(), 16);
        using CacheDevice device = await CacheDevice.OpenAsync(directory["0.lcache"], label.SizeBytes + (2 * CacheWindow.Bytes), label.PoolId, path => new FileSystemDisk(path));
        CacheSlots slots = new();
        slots.Add(device);
        slots.AddFree(device);
        CacheClient client = slots.Client(Guid.NewGuid());
        slots.SetPolicy(client, new(LimitBytes: 4 * CacheWindow.Bytes));
        int slot = slots.Take(client, []);
        slots.RemoveClient(client.Volume);
        bool isProved = false;
        Assert.IsTrue(slots.Insert(client, slot, CacheWindow.Key(new(1), 0), ushort.MaxValue, 0, ref isProved));
        Assert.AreEqual(slots.Common, slots.FindOwner(CacheWindow.Key(new(1), 0), 0, out _));
        slots.Forget(new(1), CacheWindow.Blocks);
        Assert.AreEqual(0, slots.UsedBytes(device));
    }

    private static int[] Zipf(int count, Random random)
    {
        double[] sums = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++)
            sums[i] = sum += 1 / Math.Pow(i + 1, 0.99);
        return [.. Enumerable.Range(0, Requests).Select(_ => Array.BinarySearch(sums, random.NextDouble() * sum) is var at && at < 0 ? Math.Min(~at, count - 1) : at)];
    }

    private static async Task<double> OursAsync(int[] trace)
    {
        using TemporaryDirectory directory = new();
        CacheLabel label = new(Guid.NewGuid(), Capacity);
        using CacheDevice device = await CacheDevice.OpenAsync(directory["0.lcache"], label.SizeBytes + (2 * CacheWindow.Bytes), label.PoolId, path => new FileSystemDisk(path));
        CacheSlots slots = new();
        slots.Add(device);
        slots.AddFree(device);
        CacheClient client = slots.Client(Guid.NewGuid());
        var pieces = new SlotPiece[CacheWindow.Blocks];
        List<int> proved = [];
        int hits = 0;
        foreach (int name in trace)
        {
            ulong key = CacheWindow.Key(new((uint)name + 1), 0);
            if (slots.Find(key, 0, 1, pieces) > 0)
            {
                Assert.IsTrue(slots.Confirm(client, pieces.AsSpan(0, 1)));
                hits++;
                continue;
            }
            int slot = slots.Take(client, proved);
            bool isProved = false;
            Assert.IsTrue(slots.Insert(client, slot, key, 1, 1, ref isProved));
        }
        return (double)hits / trace.Length;
    }

    private static double Lru(int[] trace)
    {
        LinkedList<int> order = new();
        Dictionary<int, LinkedListNode<int>> kept = [];
        int hits = 0;
        foreach (int key in trace)
        {
            if (kept.Remove(key, out LinkedListNode<int>? node))
            {
                order.Remove(node);
                hits++;
            }
            else if (kept.Count == Capacity)
            {
                kept.Remove(order.Last!.Value);
                order.RemoveLast();
            }
            kept.Add(key, order.AddFirst(key));
        }
        return (double)hits / trace.Length;
    }

    private static double Published(int[] trace)
    {
        Queue<int> small = new(), main = new(), ghosts = new();
        HashSet<int> remembered = [];
        Dictionary<int, int> uses = [];
        int hits = 0;
        foreach (int key in trace)
        {
            if (uses.TryGetValue(key, out int count))
            {
                uses[key] = Math.Min(3, count + 1);
                hits++;
                continue;
            }
            while (uses.Count >= Capacity)
                Evict();
            (remembered.Remove(key) ? main : small).Enqueue(key);
            uses.Add(key, 0);
        }
        return (double)hits / trace.Length;

        void Evict()
        {
            if (small.Count >= Capacity / 10 || main.Count == 0)
            {
                int oldest = small.Dequeue();
                if (uses[oldest] > 0)
                {
                    uses[oldest] = 0;
                    main.Enqueue(oldest);
                    return;
                }
                uses.Remove(oldest);
                remembered.Add(oldest);
                ghosts.Enqueue(oldest);
                if (ghosts.Count > Capacity * 9 / 10)
                    remembered.Remove(ghosts.Dequeue());
                return;
            }
            int proved = main.Dequeue();
            if (uses[proved] > 0)
            {
                uses[proved]--;
                main.Enqueue(proved);
                return;
            }
            uses.Remove(proved);
        }
    }
}
