using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Lines;
using Lunaria.Volumes.Tests.Cache;
using Lunaria.Volumes.Tests.Model;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>Erasing a volume by its key: what is gone then, and what stands in the way.</summary>
[TestClass]
public sealed class EraseTests
{
    private const int Blocks = 64;

    // Stands in every block that is to be gone.
    private static readonly byte[] Word = "what nobody is to read again"u8.ToArray();

    [TestMethod]
    public async Task Nothing_of_the_volume_is_left_in_log_and_store_and_its_key_is_gone()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await OpenAsync();
        Volume v = await bed.CreateAsync("v", Blocks * EngineBed.Block), w = await bed.CreateAsync("w", Blocks * EngineBed.Block);
        byte[] others = await WriteAsync(w, random, word: false);
        await WriteAsync(v, random, word: true);
        await bed.Manager.DestageAsync(checkpoint: true);
        await WriteAsync(v, random, word: true); // In store and log.
        string[] keyed = [.. bed.Store.KeyedPrefixes];
        Assert.HasCount(2, keyed);
        Assert.IsTrue(await LogHasAsync(bed, Word));
        List<double> shares = [];
        await bed.Manager.EraseAsync(v, shares.Add);
        Assert.IsTrue(shares.Order().SequenceEqual(shares) && shares[^1] <= 1);
        foreach (string restart in new[] { "", "start", "kill", "machine" })
        {
            if (restart == "start")
                await bed.RestartAsync();
            else if (restart == "kill")
                await bed.KillAsync(random, powerCut: true);
            else if (restart == "machine")
            {
                await bed.SaveAsync();
                await bed.LoseMachineAsync(random);
            }
            v = bed.Manager.Find("v")!;
            Assert.AreEqual(-1, (await ReadAsync(v)).AsSpan().IndexOfAnyExcept((byte)0), restart);
            CollectionAssert.AreEqual(others, await ReadAsync(bed.Manager.Find("w")!), restart);
            Assert.IsFalse(await LogHasAsync(bed, Word), restart);
            Assert.IsFalse(bed.Store.Keys.Any(key => bed.Store.Content(key).AsSpan().IndexOf(Word) >= 0), restart);
            string[] now = [.. bed.Store.KeyedPrefixes];
            Assert.HasCount(2, now, restart);
            Assert.HasCount(1, now.Intersect(keyed), restart);
            Assert.IsTrue(bed.Manager.HasOwnKey(v));
            await bed.Manager.DestageAsync(checkpoint: true);
            Books.Check(bed);
        }
        // Once more, with nothing in it, and with something.
        await bed.Manager.EraseAsync(v, _ => { });
        await WriteAsync(v, random, word: true);
        await bed.Manager.EraseAsync(v, _ => { });
        Assert.AreEqual(-1, (await ReadAsync(v)).AsSpan().IndexOfAnyExcept((byte)0));
        Assert.IsFalse(await LogHasAsync(bed, Word));
    }

    [TestMethod]
    public async Task Others_go_on_meanwhile()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await OpenAsync();
        Volume v = await bed.CreateAsync("v", Blocks * EngineBed.Block), w = await bed.CreateAsync("w", Blocks * EngineBed.Block);
        await WriteAsync(v, random, word: true);
        byte[] others = [];
        bool done = false;
        Task writer = Task.Run(async () =>
        {
            while (!Volatile.Read(ref done))
                others = await WriteAsync(w, random, word: false);
        });
        for (int i = 0; i < 5; i++)
        {
            await bed.Manager.EraseAsync(v, _ => { });
            Assert.IsFalse(await LogHasAsync(bed, Word));
            await v.WriteAsync(0, new byte[EngineBed.Block].Select((_, at) => Word[at % Word.Length]).ToArray(), durable: false);
        }
        Volatile.Write(ref done, true);
        await writer;
        await bed.KillAsync(random);
        CollectionAssert.AreEqual(others, await ReadAsync(bed.Manager.Find("w")!));
        await bed.Manager.DestageAsync(checkpoint: true);
        Books.Check(bed);
    }

    [TestMethod]
    public async Task What_others_share_is_not_erased()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await OpenAsync();
        VolumeManager manager = bed.Manager;
        Volume v = await bed.CreateAsync("v", Blocks * EngineBed.Block), w = await bed.CreateAsync("w", Blocks * EngineBed.Block);
        byte[] content = await WriteAsync(v, random, word: true), others = await WriteAsync(w, random, word: false);

        Snapshot snapshot = await manager.CreateSnapshotAsync(v, "s");
        await RefusedAsync(v, "snapshots or clones");
        Volume clone = await manager.CloneAsync(snapshot, "c");
        await RefusedAsync(clone, "shares data");
        await manager.DeleteSnapshotAsync(snapshot);
        await RefusedAsync(v, "snapshots or clones");
        await manager.FlattenAsync(clone);
        await RefusedAsync(v, "shares data");
        await RefusedAsync(clone, "shares data");
        CollectionAssert.AreEqual(content, await ReadAsync(clone));

        await manager.SetTemplateAsync(w, true);
        await RefusedAsync(w, "template");
        await manager.SetTemplateAsync(w, false);
        await manager.CloseVolumeAsync(w);
        await RefusedAsync(w, "closed");
        await manager.OpenVolumeAsync(w);
        Volume x = await bed.CreateAsync("x", Blocks * EngineBed.Block);
        await manager.DestageAsync();
        Assert.AreEqual(VolumeStatus.Ok, await manager.CloneRangeAsync(w, 0, x, 0, 8 * EngineBed.Block));
        await RefusedAsync(w, "shares data");
        await RefusedAsync(x, "shares data");
        CollectionAssert.AreEqual(content, await ReadAsync(v));
        CollectionAssert.AreEqual(others, await ReadAsync(w));

        // Once the clone is gone, nobody has a part in it.
        await manager.DeleteVolumeAsync(clone);
        await manager.DestageAsync(checkpoint: true);
        await manager.DestageAsync(checkpoint: true);
        await manager.EraseAsync(v, _ => { });
        Assert.AreEqual(-1, (await ReadAsync(v)).AsSpan().IndexOfAnyExcept((byte)0));

        async Task RefusedAsync(Volume volume, string why)
        {
            StringAssert.Contains((await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => manager.EraseAsync(volume, _ => { }))).Message, why);
            StringAssert.Contains(await manager.FindEraseObstacleAsync(volume), why);
        }
    }

    [TestMethod]
    public async Task A_volume_whose_segments_have_everybodys_key_is_not_erased()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume v = await bed.CreateAsync("v", Blocks * EngineBed.Block);
        await WriteAsync(v, new(1), word: true);
        await bed.Manager.DestageAsync(checkpoint: true);
        bed.Store.HasKeys = true;
        await bed.RestartAsync();
        v = bed.Manager.Find("v")!;
        Assert.IsFalse(bed.Manager.HasOwnKey(v));
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => bed.Manager.EraseAsync(v, _ => { }))).Message, "no key of its own");
        Assert.IsTrue(bed.Manager.HasOwnKey(await bed.CreateAsync("w")));
    }

    [TestMethod]
    public async Task What_an_erase_that_was_cut_short_left_goes_at_the_next_start()
    {
        Random random = new(Seed.One());
        foreach (bool powerCut in new[] { false, true })
        {
            await using EngineBed bed = await OpenAsync();
            Volume v = await bed.CreateAsync("v", Blocks * EngineBed.Block), w = await bed.CreateAsync("w", Blocks * EngineBed.Block);
            byte[] others = await WriteAsync(w, random, word: false);
            await WriteAsync(v, random, word: true);
            string[] keyed = [.. bed.Store.KeyedPrefixes];
            bed.Store.BeforeOperation = key =>
            {
                if (key == "keys")
                    throw new ObjectStoreException(ObjectStoreError.Retry, "the store is away");
            };
            await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => bed.Manager.EraseAsync(v, _ => { }));
            Assert.HasCount(2, bed.Store.KeyedPrefixes.Intersect(keyed));
            await bed.KillAsync(random, powerCut);
            await bed.Manager.FinishingErases;
            Assert.HasCount(1, bed.Store.KeyedPrefixes.Intersect(keyed));
            Assert.IsFalse(await LogHasAsync(bed, Word));
            Assert.AreEqual(-1, (await ReadAsync(bed.Manager.Find("v")!)).AsSpan().IndexOfAnyExcept((byte)0));
            await bed.RestartAsync();
            Assert.IsTrue(bed.Manager.FinishingErases.IsCompletedSuccessfully, "there is nothing left to do");
            CollectionAssert.AreEqual(others, await ReadAsync(bed.Manager.Find("w")!));
            await bed.Manager.DestageAsync(checkpoint: true);
            Books.Check(bed);
        }
    }

    [TestMethod]
    public async Task An_erase_that_died_before_it_began_leaves_the_volume_as_it_was()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await OpenAsync();
        Volume v = await bed.CreateAsync("v", Blocks * EngineBed.Block);
        byte[] content = await WriteAsync(v, random, word: true);
        new EraseNotes(bed.Manager.Metadata).Write(new(v.Line.Number, v.Line.Record.Uuid, "v"));
        await bed.KillAsync(random);
        await bed.Manager.FinishingErases;
        CollectionAssert.AreEqual(content, await ReadAsync(bed.Manager.Find("v")!));
        Assert.IsEmpty(new EraseNotes(bed.Manager.Metadata).Read());
        Assert.HasCount(1, bed.Store.KeyedPrefixes);
    }

    [TestMethod]
    public async Task What_the_store_does_not_let_go_at_a_start_goes_with_the_next_erase()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await OpenAsync();
        Volume v = await bed.CreateAsync("v", Blocks * EngineBed.Block);
        await bed.CreateAsync("w", Blocks * EngineBed.Block);
        await WriteAsync(v, random, word: true);
        string[] keyed = [.. bed.Store.KeyedPrefixes];
        bed.Store.BeforeOperation = key =>
        {
            if (key == "keys")
                throw new ObjectStoreException(ObjectStoreError.Retry, "the store is away");
        };
        await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => bed.Manager.EraseAsync(v, _ => { }));
        await bed.RestartAsync();
        Assert.AreEqual(-1, (await ReadAsync(bed.Manager.Find("v")!)).AsSpan().IndexOfAnyExcept((byte)0));
        Assert.HasCount(2, bed.Store.KeyedPrefixes.Intersect(keyed));
        bed.Store.BeforeOperation = null;
        await bed.Manager.EraseAsync(bed.Manager.Find("w")!, _ => { });
        Assert.IsEmpty(bed.Store.KeyedPrefixes.Intersect(keyed));
        Assert.IsFalse(await LogHasAsync(bed, Word));
    }

    [TestMethod]
    public async Task Nothing_is_left_on_cache_devices()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(16 << 20);
        await bed.Cache.Loading;
        bed.Engine.Store.HasKeys = true;
        Volume v = await bed.Engine.CreateAsync("v", 4 << 20), w = await bed.Engine.CreateAsync("w", 4 << 20);
        await bed.Cache.SetPolicyAsync(v, new() { Behaviour = CacheBehaviour.OnWrite });
        await bed.Cache.SetPolicyAsync(w, new() { Behaviour = CacheBehaviour.OnWrite });
        await WriteAsync(v, new(1), word: true);
        byte[] others = await WriteAsync(w, new(2), word: false);
        await bed.Engine.Manager.DestageAsync(checkpoint: true);
        Assert.IsGreaterThanOrEqualTo(0, (await File.ReadAllBytesAsync(bed.DevicePath())).AsSpan().IndexOf(Word));
        await bed.Engine.Manager.EraseAsync(v, _ => { });
        Assert.AreEqual(-1, (await File.ReadAllBytesAsync(bed.DevicePath())).AsSpan().IndexOf(Word));
        await bed.Cache.Loading;
        await bed.Engine.Manager.DestageAsync();
        CollectionAssert.AreEqual(others, await ReadAsync(w));
        CollectionAssert.AreEqual(others, await ReadAsync(w));
        Assert.HasCount(1, bed.Cache.GetStatus().Devices);
    }

    private static Task<EngineBed> OpenAsync() => EngineBed.OpenAsync(prepare: bed => bed.Store.HasKeys = true);

    private static async Task<byte[]> WriteAsync(Volume volume, Random random, bool word)
    {
        byte[] content = new byte[Blocks * EngineBed.Block];
        random.NextBytes(content);
        for (int block = 0; word && block < Blocks; block++)
            Word.CopyTo(content, (block * EngineBed.Block) + random.Next(EngineBed.Block - Word.Length));
        for (int block = 0; block < Blocks; block += 4)
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(block * EngineBed.Block, content.AsMemory(block * EngineBed.Block, 4 * EngineBed.Block), durable: false));
        return content;
    }

    private static async Task<byte[]> ReadAsync(Volume volume)
    {
        byte[] content = new byte[Blocks * EngineBed.Block];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content));
        return content;
    }

    private static async Task<bool> LogHasAsync(EngineBed bed, byte[] word)
    {
        foreach (string name in bed.Disk.List("").Where(name => name.StartsWith("log-", StringComparison.Ordinal)))
        {
            using IDiskFile file = bed.Disk.Open(name, create: false);
            byte[] content = new byte[file.LengthBytes];
            await file.ReadAsync(0, content);
            if (content.AsSpan().IndexOf(word) >= 0)
                return true;
        }
        return false;
    }
}
