using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Tests.Map;

/// <summary>
/// Maps of a few volumes beside dictionaries that say what they must be. Publishes as the destager does, checkpoints where the store asks for it, and
/// keeps the publishes since the last checkpoint, as the journal would, to apply them again after a crash.
/// </summary>
internal sealed class MapHarness : IDisposable
{
    public static readonly Guid Pool = Guid.Parse("5f0c6a3e-3f3b-4a58-9d3f-000000000001");
    private readonly TemporaryDirectory directory = new();
    private readonly ulong[] sizes;
    private readonly long memoryBytes;
    private readonly List<PublishFrame> journal = [];
    private ulong nextFrame = 1;

    public MapHarness(long memoryBytes, params ulong[] sizes)
    {
        (this.memoryBytes, this.sizes) = (memoryBytes, sizes);
        Models = [.. sizes.Select(_ => new Dictionary<ulong, (uint Segment, int Index)>())];
        Open();
    }

    public MapStore Store { get; private set; } = null!;

    public BlockMap[] Maps { get; private set; } = [];

    public Lock[] Locks { get; private set; } = [];

    public Dictionary<ulong, (uint Segment, int Index)>[] Models { get; }

    public int Checkpoints { get; private set; }

    public string Path => directory["map.db"];

    public static Guid Uuid(int volume) => Guid.Parse($"5f0c6a3e-3f3b-4a58-9d3f-1000000000{volume:d2}");

    /// <summary>A segment of the volume with these blocks, given in any order.</summary>
    public static SegmentHeader Header(int volume, ulong sequence, IEnumerable<ulong> blocks, params BlockRange[] trims)
    {
        var extents = new List<BlockRange>();
        int count = 0;
        foreach (ulong block in blocks.Order())
        {
            if (extents.Count > 0 && extents[^1].EndBlock == block)
                extents[^1] = extents[^1] with { LengthBlocks = extents[^1].LengthBlocks + 1 };
            else
                extents.Add(new(block, 1));
            count++;
        }
        return new()
        {
            PoolId = Pool, VolumeUuid = Uuid(volume), Sequence = sequence, Kind = SegmentKind.Data, FirstLsn = sequence << 20,
            EndLsn = (sequence + 1) << 20, Extents = [.. extents], Trims = trims, BlockCrcs = new uint[count],
        };
    }

    /// <summary>Publishes one segment of a volume, with trims before it.</summary>
    public async Task PublishAsync(int volume, IReadOnlyCollection<ulong> blocks, params BlockRange[] trims)
    {
        var id = new SegmentId(Store.Segments.NextId.Value);
        SegmentHeader header = Header(volume, Store.Segments.NextSequence((uint)volume + 1), blocks);
        var frame = new PublishFrame(
            new LogPosition(nextFrame << 12, (uint)nextFrame),
            blocks.Count == 0 ? [] : [new(id, (uint)volume + 1, header)],
            [.. trims.Select(trim => new PublishedTrim((uint)volume + 1, trim))],
            nextFrame);
        journal.Add(frame);
        while (!await Store.ApplyAsync(frame))
            await CheckpointAsync(nextFrame);
        nextFrame++;
        foreach (BlockRange trim in trims)
        {
            foreach (ulong block in Models[volume].Keys.Where(block => block >= trim.StartBlock && block < trim.EndBlock).ToList())
                Models[volume].Remove(block);
        }
        int index = 0;
        foreach (ulong block in blocks.Order())
            Models[volume][block] = (id.Value, index++);
    }

    public async Task CheckpointAsync(ulong? before = null)
    {
        ulong sequence = before ?? nextFrame;
        await Store.CheckpointAsync(new(sequence, new(sequence << 12, (uint)sequence)));
        journal.RemoveAll(frame => frame.Sequence < sequence);
        Checkpoints++;
    }

    /// <summary>The process dies: what is in no checkpoint comes back from the journal.</summary>
    public async Task CrashAsync()
    {
        Store.Dispose();
        Open();
        Assert.AreEqual(journal.Count == 0 ? nextFrame : journal[0].Sequence, Store.Checkpoint.JournalSequence);
        foreach (PublishFrame frame in journal.ToList())
        {
            while (!await Store.ApplyAsync(frame))
                await CheckpointAsync(frame.Sequence);
        }
    }

    /// <summary>What the map says of a range, block by block.</summary>
    public async Task<List<MapRun>> ResolveAsync(int volume, ulong start, int length, int maxRuns = 64)
    {
        var found = new List<MapRun>();
        var runs = new MapRun[maxRuns];
        int done = 0;
        while (done < length)
        {
            bool resolved;
            int count;
            lock (Locks[volume])
                resolved = Maps[volume].TryResolve(start + (ulong)done, length - done, runs, out count);
            if (!resolved)
            {
                await Maps[volume].LoadAsync(start + (ulong)done, length - done);
                continue;
            }
            Assert.IsGreaterThan(0, count);
            found.AddRange(runs[..count]);
            done += runs[..count].Sum(run => run.LengthBlocks);
        }
        Assert.AreEqual(length, done);
        return found;
    }

    public async Task CheckRangeAsync(int volume, ulong start, int length, int maxRuns = 64)
    {
        ulong block = start;
        foreach (MapRun run in await ResolveAsync(volume, start, length, maxRuns))
        {
            for (int i = 0; i < run.LengthBlocks; i++, block++)
            {
                (uint Segment, int Index) wanted = Models[volume].GetValueOrDefault(block);
                Assert.AreEqual(wanted, (run.Segment.Value, run.IsHole ? 0 : run.FirstIndex + i), $"volume {volume} block {block}");
            }
        }
    }

    /// <summary>All counts are what a recount of the models gives.</summary>
    public void CheckCounts()
    {
        Dictionary<uint, int> live = Models.SelectMany(model => model.Values).GroupBy(at => at.Segment).ToDictionary(all => all.Key, all => all.Count());
        for (int volume = 0; volume < sizes.Length; volume++)
            Assert.AreEqual(Models[volume].Count, Maps[volume].MappedBlocks, $"mapped blocks of volume {volume}");
        Assert.AreEqual(Models.Sum(model => (long)model.Count), Store.Segments.References);
        long stored = 0;
        for (uint id = 1; id < Store.Segments.NextId.Value; id++)
        {
            if (!Store.Segments.TryGet(new(id), out SegmentRow row))
                continue;
            Assert.AreEqual(live.GetValueOrDefault(id), row.References, $"live blocks of segment {id}");
            stored += row.ObjectBytes;
        }
        Assert.AreEqual(stored, Store.Segments.StoredBytes);
    }

    public void Dispose()
    {
        Store.Dispose();
        directory.Dispose();
    }

    private void Open()
    {
        Store = MapStore.Open(Path, memoryBytes);
        Locks = [.. sizes.Select(_ => new Lock())];
        Maps = [.. sizes.Select((size, volume) => Store.OpenVolume((uint)volume + 1, Uuid(volume), size, Locks[volume]))];
    }
}
