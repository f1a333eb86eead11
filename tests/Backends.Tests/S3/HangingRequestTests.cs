using Amazon.Runtime;
using Lunaria.Backends.S3;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.S3;

/// <summary>How long a request that is never answered holds up who waits for it: the log fills meanwhile, and hosts hear BUSY.</summary>
[TestClass]
public sealed class HangingRequestTests
{
    private const int SegmentBytes = 16 << 20;
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(1), Slowest = TimeSpan.FromSeconds(64);

    [TestMethod]
    public async Task An_upload_that_hangs_among_fast_ones_is_soon_made_again()
    {
        using var way = new Way();
        for (int i = 0; i < 10; i++)
            Assert.AreEqual(1, await way.UploadAsync(Usual));
        TimeSpan start = way.Time.Now;
        Assert.AreEqual(2, await way.UploadAsync(Timeout.InfiniteTimeSpan, Usual));
        Assert.IsLessThan(TimeSpan.FromSeconds(20), way.Time.Now - start);
    }

    [TestMethod]
    public async Task A_slow_store_is_waited_for_from_the_start()
    {
        using var way = new Way();
        for (int i = 0; i < 10; i++)
            Assert.AreEqual(1, await way.UploadAsync(Slowest));
    }

    [TestMethod]
    public async Task A_store_that_becomes_slow_is_waited_for_longer_with_each_attempt_and_then_at_once()
    {
        using var way = new Way();
        for (int i = 0; i < 10; i++)
            await way.UploadAsync(Usual);
        Assert.IsLessThanOrEqualTo(4, await way.UploadAsync(Slowest));
        Assert.AreEqual(1, await way.UploadAsync(Slowest));
    }

    [TestMethod]
    public async Task A_store_that_never_answers_fails_after_all_attempts_and_none_lasts_longer_than_the_slowest()
    {
        using var way = new Way();
        TimeSpan start = way.Time.Now;
        var e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => way.UploadAsync(Timeout.InfiniteTimeSpan));
        Assert.AreEqual(ObjectStoreError.Retry, e.Error);
        Assert.IsLessThan(5 * (Slowest + TimeSpan.FromSeconds(11)), way.Time.Now - start);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public async Task A_look_a_deletion_and_a_read_that_hang_are_made_again_also_twice(int hangs)
    {
        TimeSpan patience = TimeSpan.FromMinutes(1);
        await using var server = new FakeS3();
        await using S3ObjectStore store = await RealStore.OpenAsync(server.Options with { RequestTimeout = 5 * patience, ReadPatience = 5 * patience });
        await store.PutIfAbsentAsync("k", Content.Of("some", 10), CancellationToken.None);
        foreach (string method in new[] { "HEAD", "GET", "DELETE" })
            for (int i = 0; i < hangs; i++)
                server.Failures.Enqueue((method, FakeS3.Hangs, ""));
        Assert.AreEqual(10, (await store.HeadAsync("k", CancellationToken.None).AsTask().WaitAsync(patience))!.LengthBytes);
        byte[] read = new byte[10];
        await store.GetAsync("k", 0, read, CancellationToken.None).AsTask().WaitAsync(patience);
        CollectionAssert.AreEqual(Content.Of("some", 10), read);
        await store.DeleteAsync("k", CancellationToken.None).AsTask().WaitAsync(patience);
        Assert.IsNull(await store.HeadAsync("k", CancellationToken.None));
        Assert.IsEmpty(server.Failures);
    }

    /// <summary>What was stored is read back whole to settle a lost answer: on a thin way that takes longer than a host would wait.</summary>
    [TestMethod]
    public async Task Only_a_read_that_hosts_wait_for_ends_with_their_patience()
    {
        await using var server = new FakeS3();
        await using S3ObjectStore store = await RealStore.OpenAsync(server.Options with { ReadPatience = TimeSpan.FromMilliseconds(200) });
        byte[] segment = Content.Of("some", S3StoreOptions.LongestHostReadBytes + 1), read = new byte[segment.Length];
        await store.PutIfAbsentAsync("k", segment, CancellationToken.None);
        server.Gate = () => Task.Delay(TimeSpan.FromSeconds(1));
        await store.GetAsync("k", 0, read, CancellationToken.None);
        CollectionAssert.AreEqual(segment, read);
        var e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => store.GetAsync("k", 0, read.AsMemory(0, 4096), CancellationToken.None).AsTask());
        Assert.AreEqual(ObjectStoreError.Retry, e.Error);
    }

    /// <summary>A lane whose requests take as long as the test says, on its clock.</summary>
    private sealed class Way : IDisposable
    {
        private readonly S3Lane lane;

        public Way()
        {
            var options = new S3StoreOptions { Endpoints = [new Uri("http://127.0.0.1:9")], Bucket = "none" };
            lane = new S3Lane(options, new BasicAWSCredentials("key", "secret"), new EndpointRing(1, TimeSpan.Zero, Time), limit: 1, Time);
        }

        public ManualTime Time { get; } = new();

        /// <summary>Uploads a segment; the attempts take what is given, the last of it again and again. How many there were.</summary>
        public async Task<int> UploadAsync(params TimeSpan[] durations)
        {
            int attempts = 0;
            Task<int> upload = lane.RunAsync("storing", SegmentBytes, async (_, token) =>
            {
                await Task.Delay(durations[Math.Min(attempts++, durations.Length - 1)], Time, token);
                return attempts;
            }, CancellationToken.None);
            while (!upload.IsCompleted)
                if (!Time.AdvanceToNextTimer())
                    await Task.Yield();
            return await upload;
        }

        public void Dispose() => lane.Dispose();
    }
}
