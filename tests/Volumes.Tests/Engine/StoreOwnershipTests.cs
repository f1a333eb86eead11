using Lunaria.Testing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Recovery;
using Lunaria.Volumes.Segments;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>Two appliances and one store: who may change it, and who may answer a host.</summary>
[TestClass]
public sealed class StoreOwnershipTests
{
    private static readonly Guid First = Guid.NewGuid(), Second = Guid.NewGuid();
    private static readonly TimeSpan Second1 = TimeSpan.FromSeconds(1);

    [TestMethod]
    public async Task An_empty_store_is_claimed_and_each_start_counts_an_epoch()
    {
        using Bed bed = new();
        await using (StoreOwnership first = await bed.ClaimAsync(First))
            Assert.AreEqual((1UL, true), (first.Epoch, first.IsHeld));
        await using StoreOwnership again = await bed.ClaimAsync(First);
        Assert.AreEqual(2UL, again.Epoch);
    }

    [TestMethod]
    public async Task A_store_of_the_time_before_owners_is_taken_over_in_silence()
    {
        using Bed bed = new();
        await Superblock.CheckAsync(bed.Store, bed.Metadata);
        await using StoreOwnership ownership = await bed.ClaimAsync(First);
        Assert.AreEqual(1UL, ownership.Epoch);
        await Superblock.CheckAsync(bed.Store, bed.Metadata);
    }

    [TestMethod]
    public async Task Another_appliance_is_refused_unless_told_and_changes_nothing()
    {
        using Bed bed = new();
        await using StoreOwnership first = await bed.ClaimAsync(First);
        var e = await Assert.ThrowsExactlyAsync<InvalidDataException>(async () => await bed.ClaimAsync(Second));
        StringAssert.Contains(e.Message, First.ToString());
        StringAssert.Contains(e.Message, "--take-over");
        await bed.PassAsync(10);
        Assert.IsTrue(first.IsHeld);
        await first.Store.PutIfAbsentAsync("k", new byte[1], CancellationToken.None);
    }

    [TestMethod]
    public async Task A_takeover_waits_until_the_former_owner_has_noticed_and_that_one_changes_nothing_more()
    {
        using Bed bed = new();
        await using StoreOwnership first = await bed.ClaimAsync(First);
        await first.Store.PutIfAbsentAsync("early", new byte[1], CancellationToken.None);
        Task<StoreOwnership> takeover = bed.ClaimAsync(Second, takeOver: true);
        for (int i = 0; i < 4; i++)
            await bed.PassAsync(1);
        Assert.IsFalse(takeover.IsCompleted);
        Assert.IsFalse(first.IsHeld);
        StringAssert.Contains(await first.Lost, "epoch 1");
        await AssertRefused(() => first.Store.PutIfAbsentAsync("late", new byte[1], CancellationToken.None).AsTask());
        await AssertRefused(() => first.Store.CompareAndSetAsync("late", null, new byte[1], CancellationToken.None).AsTask());
        await AssertRefused(() => first.Store.DeleteAsync("early", CancellationToken.None).AsTask());

        await bed.PassAsync(10);
        await using StoreOwnership second = await takeover;
        Assert.AreEqual((2UL, true), (second.Epoch, second.IsHeld));
        CollectionAssert.AreEqual(new[] { "early", "superblock" }, bed.Store.Keys.ToArray());
    }

    [TestMethod]
    public async Task After_a_long_sleep_nothing_is_answered_until_the_store_was_asked()
    {
        using Bed bed = new();
        await using StoreOwnership first = await bed.ClaimAsync(First);
        bed.Time.Asleep = TimeSpan.FromSeconds(30);
        Assert.IsFalse(first.IsHeld, "at the moment of waking up");
        await bed.PassAsync(1);
        await bed.PassAsync(1);
        Assert.IsTrue(first.IsHeld, "once the store has shown that nothing happened");
    }

    [TestMethod]
    public async Task A_sleeper_that_was_robbed_never_answers_again()
    {
        using Bed bed = new();
        await using StoreOwnership first = await bed.ClaimAsync(First);
        // The second one lives in a time of its own, in which it waits; the first one sleeps meanwhile.
        using Bed other = new(bed);
        Task<StoreOwnership> takeover = other.ClaimAsync(Second, takeOver: true);
        await other.PassAsync(13);
        await using StoreOwnership second = await takeover;
        bed.Time.Asleep = TimeSpan.FromSeconds(13);
        for (int i = 0; i < 5; i++)
        {
            Assert.IsFalse(first.IsHeld);
            await bed.PassAsync(1);
        }
        Assert.IsTrue(first.Lost.IsCompleted);
        Assert.IsTrue(second.IsHeld);
    }

    [TestMethod]
    public async Task A_store_that_does_not_answer_is_still_owned()
    {
        using Bed bed = new();
        await using StoreOwnership first = await bed.ClaimAsync(First);
        bed.Store.BeforeOperation = _ => throw new ObjectStoreException(ObjectStoreError.Retry, "gone");
        await bed.PassAsync(60);
        Assert.IsTrue(first.IsHeld);
        bed.Store.BeforeOperation = null;
        await bed.PassAsync(5);
        Assert.IsTrue(first.IsHeld);
    }

    [TestMethod]
    public async Task A_takeover_closes_the_names_of_the_former_owner_and_goes_on_behind_them()
    {
        using Bed bed = new();
        Guid volume = Guid.NewGuid();
        await using StoreOwnership first = await bed.ClaimAsync(First);
        await first.Store.PutIfAbsentAsync(SegmentKey.Format(volume, 7), new byte[1], CancellationToken.None);
        Task<StoreOwnership> takeover = bed.ClaimAsync(Second, takeOver: true);
        await bed.PassAsync(13);
        ulong behind;
        await using (StoreOwnership second = await takeover)
        {
            behind = await second.FenceAsync([(volume, 5)], 8, CancellationToken.None);
            Assert.AreEqual(15UL, behind);
        }
        for (ulong sequence = 5; sequence < behind; sequence++)
            Assert.AreEqual(ObjectStoreError.Exists, (await Assert.ThrowsExactlyAsync<ObjectStoreException>(
                async () => await bed.Store.PutIfAbsentAsync(SegmentKey.Format(volume, sequence), new byte[2], CancellationToken.None))).Error);
        Assert.AreEqual(1L, (await bed.Store.HeadAsync(SegmentKey.Format(volume, 7), CancellationToken.None))!.LengthBytes, "what it had stored stays");

        await using StoreOwnership restarted = await bed.ClaimAsync(Second);
        int before = bed.Store.Keys.Count;
        Assert.AreEqual(behind, await restarted.FenceAsync([(volume, 5)], 8, CancellationToken.None), "a restart keeps it");
        Assert.AreEqual(before, bed.Store.Keys.Count, "and fences nothing again");
    }

    [TestMethod]
    public async Task A_takeover_that_died_before_its_fence_is_completed_by_the_next_start()
    {
        using Bed bed = new();
        Guid volume = Guid.NewGuid();
        await using StoreOwnership first = await bed.ClaimAsync(First);
        Task<StoreOwnership> takeover = bed.ClaimAsync(Second, takeOver: true);
        await bed.PassAsync(13);
        await (await takeover).DisposeAsync();
        Task<StoreOwnership> restart = bed.ClaimAsync(Second);
        await bed.PassAsync(1);
        Assert.IsFalse(restart.IsCompleted, "the former owner may not have noticed yet");
        await bed.PassAsync(13);
        await using StoreOwnership restarted = await restart;
        Assert.AreEqual(11UL, await restarted.FenceAsync([(volume, 3)], 8, CancellationToken.None));
        Assert.AreEqual(8, bed.Store.Keys.Count(key => key.StartsWith("volumes/", StringComparison.Ordinal)));
    }

    [TestMethod]
    public async Task Every_damaged_byte_of_an_owned_superblock_is_found_and_a_newer_one_is_refused()
    {
        byte[] content = SuperblockCodec.Write(new(Guid.NewGuid(), First, 3, 77, IsFencing: true));
        Assert.AreEqual((3UL, 77UL, true), SuperblockCodec.Read(content) is var read ? (read.Epoch, read.FirstSequence, read.IsFencing) : default);
        for (int i = 0; i < content.Length; i++)
        {
            content[i] ^= 1;
            Assert.ThrowsExactly<InvalidDataException>(() => SuperblockCodec.Read(content), $"byte {i}");
            content[i] ^= 1;
        }
        content[8] = 3;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(124), Lunaria.Volumes.Io.Crc32C.Compute(content.AsSpan(0, 124)));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => SuperblockCodec.Read(content)).Message, "newer program");

        using Bed bed = new();
        await bed.Store.PutIfAbsentAsync("superblock", content, CancellationToken.None);
        await Assert.ThrowsExactlyAsync<InvalidDataException>(async () => await bed.ClaimAsync(First));
        CollectionAssert.AreEqual(new[] { "superblock" }, bed.Store.Keys.ToArray());
    }

    private static async Task AssertRefused(Func<Task> change)
    {
        var e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(change);
        Assert.AreEqual(ObjectStoreError.Fatal, e.Error);
        StringAssert.Contains(e.Message, "taken over");
    }

    private sealed class Bed : IDisposable
    {
        private readonly TemporaryDirectory? directory;

        public Bed()
        {
            directory = new();
            Store = new();
            Metadata = MetadataDatabase.Open(directory["a.db"], TimeProvider.System);
        }

        /// <summary>The same store and pool at another clock.</summary>
        public Bed(Bed other) => (Store, Metadata) = (other.Store, other.Metadata);

        public MemoryObjectStore Store { get; }

        public MetadataDatabase Metadata { get; }

        public SleepyTime Time { get; } = new();

        public Task<StoreOwnership> ClaimAsync(Guid appliance, bool takeOver = false) =>
            StoreOwnership.ClaimAsync(Store, Metadata, appliance, takeOver, Time, NullLogger.Instance, CancellationToken.None).AsTask();

        /// <summary>Seconds pass, and whatever is due has run: timers fire on this thread, and what they continue does, too.</summary>
        public async Task PassAsync(int seconds)
        {
            for (int i = 0; i < seconds; i++)
            {
                Time.Advance(Second1);
                for (int turn = 0; turn < 20; turn++)
                    await Task.Run(static () => { });
            }
        }

        public void Dispose()
        {
            if (directory is null)
                return;
            Metadata.Dispose();
            directory.Dispose();
        }
    }

    /// <summary>A clock of which the process can miss a part: timers stand still, time does not.</summary>
    private sealed class SleepyTime : TimeProvider
    {
        private readonly ManualTime time = new();

        public TimeSpan Asleep { get; set; }

        public override long TimestampFrequency => time.TimestampFrequency;

        public override long GetTimestamp() => time.GetTimestamp() + Asleep.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);

        public void Advance(TimeSpan by) => time.Advance(by);
    }
}
