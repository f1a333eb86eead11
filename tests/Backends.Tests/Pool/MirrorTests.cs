using Lunaria.Backends.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>Two copies of each object: either serves and repairs the other, a component may fail, and one that comes back is never believed.</summary>
[TestClass]
public sealed class MirrorTests
{
    private const int Count = 8, Bytes = 20_000;

    [TestMethod]
    public async Task Each_object_is_on_two_components_and_counts_once()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await OpenAsync(disk, "c0", "c1", "c2");
        long before = pool.Space!.Value.FreeBytes;
        await FillAsync(pool);
        AssertCopies(pool, 2);
        long component = pool.GetStatus().Components[0].TotalBytes;
        Assert.AreEqual(3 * component / 2, pool.Space.Value.TotalBytes);
        Assert.AreEqual(Count * 20 << 10, before - pool.Space.Value.FreeBytes, "20,000 bytes take 20 slots of 1 KiB");
        Assert.IsTrue(pool.GetStatus().Components.All(each => each.UsedBytes > 0));
        await pool.DeleteAsync("o/0", CancellationToken.None);
        await pool.CompareAndSetAsync("o/1", (await pool.HeadAsync("o/1", CancellationToken.None))!.Tag, Content.Of("new", 99), CancellationToken.None);
        PoolInvariants.Check(disk, pool, "changed");
        AssertCopies(pool, 2);
    }

    [TestMethod]
    public async Task Space_ends_where_no_two_components_have_room()
    {
        var disk = new SimDisk();
        LocalPoolOptions options = Options(disk, "c0", "c1", "c2");
        options = options with { Components = [options.Components[0] with { SizeBytes = 4400 << 10 }, .. options.Components.Skip(1)] };
        await using LocalPool pool = await LocalPool.OpenAsync(options, NullLogger.Instance);
        long promised = pool.Space!.Value.FreeBytes;
        int stored = 0;
        ObjectStoreException full = await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () =>
        {
            for (; ; stored++)
                await pool.PutIfAbsentAsync($"o/{stored}", Content.Of($"{stored}", 64 << 10), CancellationToken.None);
        });
        Assert.AreEqual(ObjectStoreError.OutOfSpace, full.Error);
        StringAssert.Contains(full.Message, "on each of 2 components");
        Assert.AreEqual(promised, (long)stored << 16, "all that was said to be free could be used");
        AssertCopies(pool, 2);
    }

    [TestMethod]
    public async Task A_damaged_copy_is_read_from_the_other_and_replaced()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await OpenAsync(disk, "c0", "c1");
        await FillAsync(pool);
        ObjectCopy first = Entry(pool, "o/3").First;
        disk.Corrupt(first.Component.Source.Path, first.OffsetBytes + 700, 0x10);
        CollectionAssert.AreEqual(Content.Of("o/3", Bytes), await pool.ReadAllAsync("o/3"));
        await pool.WhenMendedAsync();
        Assert.AreEqual(1, pool.GetStatus().RepairedCopies);
        Assert.IsNull(pool.GetStatus().Mending);
        AssertCopies(pool, 2);
        PoolInvariants.Check(disk, pool, "mended");

        ObjectCopy other = Entry(pool, "o/3").Copies.Single(copy => copy.Component != first.Component);
        disk.Corrupt(other.Component.Source.Path, other.OffsetBytes + 700, 0x10);
        CollectionAssert.AreEqual(Content.Of("o/3", Bytes), await pool.ReadAllAsync("o/3"));
    }

    [TestMethod]
    public async Task Who_finds_a_part_of_an_object_wrong_gets_it_mended()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await OpenAsync(disk, "c0", "c1");
        await FillAsync(pool);
        ObjectCopy first = Entry(pool, "o/3").First;
        disk.Corrupt(first.Component.Source.Path, first.OffsetBytes + 700, 0x10);
        byte[] part = new byte[100];
        await pool.GetAsync("o/3", 650, part, CancellationToken.None);
        CollectionAssert.AreNotEqual(Content.Of("o/3", Bytes)[650..750], part, "a part has no checksum of its own here");
        Assert.IsTrue(await pool.MendAsync("o/3", CancellationToken.None));
        await pool.GetAsync("o/3", 650, part, CancellationToken.None);
        CollectionAssert.AreEqual(Content.Of("o/3", Bytes)[650..750], part);
        Assert.IsFalse(await pool.MendAsync("o/3", CancellationToken.None), "nothing is wrong any more");
        Assert.IsFalse(await pool.MendAsync("nothing", CancellationToken.None));
    }

    [TestMethod]
    public async Task An_object_of_which_every_copy_is_damaged_is_named()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await OpenAsync(disk, "c0", "c1");
        await FillAsync(pool);
        foreach (ObjectCopy copy in Entry(pool, "o/3").Copies)
            disk.Corrupt(copy.Component.Source.Path, copy.OffsetBytes + 700, 0x10);
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => pool.ReadAllAsync("o/3"))).Message, "damaged");
        await pool.WhenMendedAsync();
        Assert.AreEqual("o/3", pool.GetStatus().DamagedObjects.Single());
        await pool.DeleteAsync("o/3", CancellationToken.None);
        Assert.AreEqual(0, pool.GetStatus().DamagedObjects.Count);
        PoolInvariants.Check(disk, pool, "deleted");
    }

    [TestMethod]
    [DataRow("write")]
    [DataRow("flush")]
    public async Task A_component_that_fails_is_set_aside_and_its_objects_get_their_copies_elsewhere(string what)
    {
        var disk = new SimDisk();
        await using (LocalPool pool = await OpenAsync(disk, "c0", "c1", "c2"))
        {
            await FillAsync(pool);
            if (what == "write")
                disk.Faults.FailWrite(1, forever: true, path: "c1");
            else
                disk.Faults.FailFlush(1, forever: true, path: "c1");
            for (int i = 0; i < 12; i++)
                await pool.PutIfAbsentAsync($"n/{i}", Content.Of($"n/{i}", 500), CancellationToken.None);
            await pool.DeleteAsync("o/0", CancellationToken.None);
            await pool.CompareAndSetAsync("o/1", (await pool.HeadAsync("o/1", CancellationToken.None))!.Tag, Content.Of("o/1 new", Bytes), CancellationToken.None);
            await pool.WhenMendedAsync();
            Assert.AreEqual(PoolComponentState.SetAside, pool.GetStatus().Components[1].State);
            Assert.IsNotNull(pool.GetStatus().Components[1].FailureCause);
            Assert.IsNull(pool.GetStatus().Mending);
            AssertCopies(pool, 2);
            Assert.IsTrue(pool.Objects.All(entry => entry.On(pool.Components[1]) is null));
            PoolInvariants.Check(disk, pool, "mended");
            disk.Faults.FailWrite(0);
            disk.Faults.FailFlush(0);
        }

        // It works again at the next start, but what is on it is old.
        await using LocalPool again = await OpenAsync(disk, "c0", "c1", "c2");
        Assert.AreEqual(PoolFindingKind.SetAside, again.Findings.Single().Kind);
        StringAssert.Contains(again.Findings[0].Message, "/pool/c1");
        Assert.AreEqual(PoolComponentState.SetAside, again.GetStatus().Components.Single(component => component.Path == "/pool/c1").State);
        Assert.IsNull(await again.HeadAsync("o/0", CancellationToken.None), "what was deleted stays deleted");
        CollectionAssert.AreEqual(Content.Of("o/1 new", Bytes), await again.ReadAllAsync("o/1"));
        Assert.AreEqual(Count - 1 + 12, (await again.ListAllAsync("")).Count);

        await again.AddAsync(ComponentChangeTests.Source(disk, "c1"), CancellationToken.None);
        await again.WhenMendedAsync();
        Assert.IsTrue(again.GetStatus().Components.All(component => component.State == PoolComponentState.Active));
        await again.PutIfAbsentAsync("last", new byte[10], CancellationToken.None);
        PoolInvariants.Check(disk, again, "added again");
    }

    [TestMethod]
    public async Task A_pool_of_two_goes_on_with_one_copy_and_fills_the_component_that_takes_the_place()
    {
        var disk = new SimDisk();
        await using (LocalPool pool = await OpenAsync(disk, "c0", "c1"))
        {
            await FillAsync(pool);
            long total = pool.Space!.Value.TotalBytes;
            disk.Faults.FailFlush(1, forever: true, path: "c0");
            await pool.PutIfAbsentAsync("alone", Content.Of("alone", 500), CancellationToken.None);
            await pool.DeleteAsync("o/0", CancellationToken.None);
            await pool.WhenMendedAsync();
            Assert.AreEqual(PoolComponentState.SetAside, pool.GetStatus().Components[0].State);
            AssertCopies(pool, 1);
            Assert.AreEqual(total, pool.Space.Value.TotalBytes);
            disk.Faults.FailFlush(0);

            await pool.AddAsync(ComponentChangeTests.Source(disk, "c2"), CancellationToken.None);
            await pool.WhenMendedAsync();
            AssertCopies(pool, 2);
            await pool.RemoveAsync("/pool/c0", CancellationToken.None);
            Assert.IsFalse(disk.Exists("c0"));
            PoolInvariants.Check(disk, pool, "filled");
        }

        // The new one alone has all.
        disk.Delete("c1");
        await using LocalPool again = await LocalPool.OpenAsync(Options(disk, "c1", "c2") with { Without = ["/pool/c1"] }, NullLogger.Instance);
        CollectionAssert.AreEqual(Content.Of("alone", 500), await again.ReadAllAsync("alone"));
        for (int i = 1; i < Count; i++)
            CollectionAssert.AreEqual(Content.Of($"o/{i}", Bytes), await again.ReadAllAsync($"o/{i}"));
    }

    [TestMethod]
    public async Task A_component_of_which_nothing_can_be_read_fails_and_all_reads_are_answered()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await OpenAsync(disk, "c0", "c1", "c2");
        await FillAsync(pool);
        disk.Faults.FailRead(1, forever: true, path: "c1");
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < Count; i++)
                CollectionAssert.AreEqual(Content.Of($"o/{i}", Bytes), await pool.ReadAllAsync($"o/{i}"));
        }

        await pool.WhenMendedAsync();
        disk.Faults.FailRead(0);
        AssertCopies(pool, 2);
        for (int i = 0; i < Count; i++)
            CollectionAssert.AreEqual(Content.Of($"o/{i}", Bytes), await pool.ReadAllAsync($"o/{i}"));
    }

    [TestMethod]
    public async Task Each_of_two_that_went_on_without_the_other_is_refused()
    {
        var disk = new SimDisk();
        await using (LocalPool pool = await OpenAsync(disk, "c0", "c1"))
            await FillAsync(pool);
        SimDisk one = disk.Clone(), other = disk.Clone();
        one.Delete("c1");
        other.Delete("c0");
        await RefusesAsync(async () => await OpenAsync(one, "c0", "c1"), "--without /pool/c1");
        await (await LocalPool.OpenAsync(Options(one, "c0") with { Without = ["/pool/c1"] }, NullLogger.Instance)).DisposeAsync();
        await (await LocalPool.OpenAsync(Options(other, "c1") with { Without = ["/pool/c0"] }, NullLogger.Instance)).DisposeAsync();

        LocalPoolOptions both = Options(disk) with { Components = [ComponentChangeTests.Source(one, "c0"), ComponentChangeTests.Source(other, "c1")], Locate = null };
        await RefusesAsync(async () => await LocalPool.OpenAsync(both, NullLogger.Instance), "each went on without the other");

        // Where only one did, the other is out of date and no more.
        await using LocalPool right = await LocalPool.OpenAsync(both with { Components = [both.Components[0], ComponentChangeTests.Source(disk, "c1")] }, NullLogger.Instance);
        Assert.AreEqual(PoolFindingKind.SetAside, right.Findings.Single().Kind);
        AssertCopies(right, 1);
    }

    [TestMethod]
    public async Task Going_on_without_a_component_makes_no_new_pool_and_needs_one_that_is_left()
    {
        var disk = new SimDisk();
        await using (LocalPool pool = await OpenAsync(disk, "c0", "c1"))
            await FillAsync(pool);
        await RefusesAsync(async () => await LocalPool.OpenAsync(Options(disk, "c0", "c1") with { Without = ["/pool/c0"] }, NullLogger.Instance), "is there and whole");
        await using (LocalPool whole = await OpenAsync(disk, "c0", "c1"))
            Assert.AreEqual(0, whole.Findings.Count);

        disk.Delete("c0");
        disk.Delete("c1");
        await RefusesAsync(async () => await LocalPool.OpenAsync(Options(disk, "c0", "c1") with { Without = ["/pool/c0", "/pool/c1"] }, NullLogger.Instance), "none is made anew");
        Assert.IsFalse(disk.Exists("c0") || disk.Exists("c1"));
    }

    [TestMethod]
    public async Task A_component_whose_labels_are_both_damaged_can_be_gone_without()
    {
        var disk = new SimDisk();
        await using (LocalPool pool = await OpenAsync(disk, "c0", "c1"))
            await FillAsync(pool);
        disk.Corrupt("c0", 30, 0x01);
        disk.Corrupt("c0", (2200 << 10) - (64 << 10) + 30, 0x01);
        await RefusesAsync(async () => await OpenAsync(disk, "c0", "c1"), "Both labels");
        await using LocalPool left = await LocalPool.OpenAsync(Options(disk, "c0", "c1") with { Without = ["/pool/c0"] }, NullLogger.Instance);
        for (int i = 0; i < Count; i++)
            CollectionAssert.AreEqual(Content.Of($"o/{i}", Bytes), await left.ReadAllAsync($"o/{i}"));
        AssertCopies(left, 1);
    }

    [TestMethod]
    public async Task Copies_are_made_and_dropped_while_the_pool_is_used()
    {
        var disk = new SimDisk();
        LocalPool pool = await ComponentChangeTests.OpenAsync(disk, "c0");
        await FillAsync(pool);
        await RefusesAsync(async () => await pool.SetCopiesAsync(2, CancellationToken.None), "needs 2 components");
        await RefusesAsync(async () => await pool.SetCopiesAsync(3, CancellationToken.None), "1 to 2 times");
        await pool.AddAsync(ComponentChangeTests.Source(disk, "c1"), CancellationToken.None);
        string tag = (await pool.HeadAsync("o/5", CancellationToken.None))!.Tag;
        await pool.SetCopiesAsync(2, CancellationToken.None);
        await pool.WhenMendedAsync();
        AssertCopies(pool, 2);
        await RefusesAsync(async () => await pool.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None), "too few for 2 copies");
        await pool.DisposeAsync();

        pool = await ComponentChangeTests.OpenAsync(disk, "c0", "c1");
        Assert.AreEqual(2, pool.GetStatus().Copies, "the labels know, whatever the settings say");
        AssertCopies(pool, 2);
        Assert.AreEqual(tag, (await pool.HeadAsync("o/5", CancellationToken.None))!.Tag);
        await pool.SetCopiesAsync(1, CancellationToken.None);
        await pool.WhenMendedAsync();
        AssertCopies(pool, 1);
        PoolInvariants.Check(disk, pool, "dropped");
        await pool.DisposeAsync();

        await using LocalPool again = await ComponentChangeTests.OpenAsync(disk, "c0", "c1");
        AssertCopies(again, 1);
        for (int i = 0; i < Count; i++)
            CollectionAssert.AreEqual(Content.Of($"o/{i}", Bytes), await again.ReadAllAsync($"o/{i}"));
    }

    [TestMethod]
    public async Task Copies_that_would_not_fit_are_refused()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await ComponentChangeTests.OpenAsync(disk, "c0", "c1");
        for (int i = 0; i < 38; i++)
            await pool.PutIfAbsentAsync($"o/{i}", Content.Of($"o/{i}", 60_000), CancellationToken.None);
        await RefusesAsync(async () => await pool.SetCopiesAsync(2, CancellationToken.None), "do not fit");
        Assert.AreEqual(1, pool.GetStatus().Copies);
    }

    [TestMethod]
    public async Task A_component_of_a_mirror_is_evacuated_and_removed()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await OpenAsync(disk, "c0", "c1", "c2");
        await FillAsync(pool);
        await pool.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None);
        Assert.AreEqual(0, pool.GetStatus().Components[0].UsedBytes);
        AssertCopies(pool, 2);
        PoolInvariants.Check(disk, pool, "evacuated");
        await pool.RemoveAsync("/pool/c0", CancellationToken.None);
        for (int i = 0; i < Count; i++)
            CollectionAssert.AreEqual(Content.Of($"o/{i}", Bytes), await pool.ReadAllAsync($"o/{i}"));
    }

    [TestMethod]
    public async Task Without_copies_what_can_still_be_read_of_a_component_that_failed_is_saved()
    {
        var disk = new SimDisk();
        LocalPool pool = await ComponentChangeTests.OpenAsync(disk, "c0", "c1");
        await FillAsync(pool);
        PoolComponent failing = pool.Components[0];
        string[] on = [.. pool.Objects.Where(entry => entry.First.Component == failing).Select(entry => entry.Key).Order(StringComparer.Ordinal)];
        Assert.IsTrue(on.Length is > 1 and < Count);
        disk.Faults.FailWrite(1, forever: true, path: "c0");
        for (int i = 0; i < 12; i++)
            await pool.PutIfAbsentAsync($"n/{i}", Content.Of($"n/{i}", 500), CancellationToken.None);
        Assert.AreEqual(PoolComponentState.Failed, pool.GetStatus().Components[0].State, "others take what it does not");
        CollectionAssert.AreEqual(on, pool.GetKeysOnlyOn(failing.Label.ComponentId).Order(StringComparer.Ordinal).ToArray());

        // One of them is lost, and named; the others are saved.
        ObjectCopy lost = Entry(pool, on[0]).First;
        disk.Faults.FailRead(1, path: "c0");
        await RefusesAsync(async () => await pool.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None), "cannot be read and stay there");
        Assert.AreEqual(1, pool.GetKeysOnlyOn(failing.Label.ComponentId).Count);
        await pool.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None);
        Assert.AreEqual(PoolComponentState.SetAside, pool.GetStatus().Components[0].State);
        await pool.DeleteAsync(on[1], CancellationToken.None);
        await pool.RemoveAsync("/pool/c0", CancellationToken.None);
        disk.Faults.FailWrite(0);
        await pool.WhenMendedAsync();
        PoolInvariants.Check(disk, pool, "saved");
        await pool.DisposeAsync();

        await using LocalPool again = await ComponentChangeTests.OpenAsync(disk, "c1");
        Assert.AreEqual(Count - 1 + 12, (await again.ListAllAsync("")).Count);
        CollectionAssert.AreEqual(Content.Of(lost.Record.Key, Bytes), await again.ReadAllAsync(lost.Record.Key));
    }

    [TestMethod]
    public async Task Both_copies_of_a_record_that_are_damaged_cost_one_copy_of_the_object()
    {
        var disk = new SimDisk();
        long front, back;
        await using (LocalPool pool = await OpenAsync(disk, "c0", "c1"))
        {
            await FillAsync(pool);
            ObjectCopy copy = Entry(pool, "o/2").On(pool.Components[0])!;
            front = copy.Component.Layout.FrontTableOffset + copy.RecordNumber * 256;
            back = copy.Component.Layout.BackTableOffset + copy.RecordNumber * 256;
        }

        disk.Corrupt("c0", front + 60, 0x80);
        disk.Corrupt("c0", back + 60, 0x80);
        await using LocalPool again = await OpenAsync(disk, "c0", "c1");
        Assert.AreEqual(PoolFindingKind.RecordLost, again.Findings.Single().Kind);
        await again.WhenMendedAsync();
        AssertCopies(again, 2);
        CollectionAssert.AreEqual(Content.Of("o/2", Bytes), await again.ReadAllAsync("o/2"));
    }

    internal static LocalPoolOptions Options(IDisk disk, params string[] names) =>
        ComponentChangeTests.Options(disk, names) with { Copies = 2, MendBytesPerSecond = long.MaxValue };

    internal static ValueTask<LocalPool> OpenAsync(IDisk disk, params string[] names) => LocalPool.OpenAsync(Options(disk, names), NullLogger.Instance);

    internal static void AssertCopies(LocalPool pool, int count, string context = "")
    {
        foreach (ObjectEntry entry in pool.Objects)
            Assert.AreEqual(count, entry.SoundCopies, $"{context}: copies of '{entry.Key}'");
    }

    private static ObjectEntry Entry(LocalPool pool, string key) => pool.Objects.Single(entry => entry.Key == key);

    private static async Task FillAsync(LocalPool pool)
    {
        for (int i = 0; i < Count; i++)
            await pool.PutIfAbsentAsync($"o/{i}", Content.Of($"o/{i}", Bytes), CancellationToken.None);
    }

    private static async Task RefusesAsync(Func<Task> call, string part)
    {
        ObjectStoreException refused = await Assert.ThrowsExactlyAsync<ObjectStoreException>(call);
        StringAssert.Contains(refused.Message, part);
    }
}
