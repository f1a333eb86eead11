using Amazon.Runtime;
using Lunaria.Backends.S3;
using Lunaria.Backends.Tests.Contract;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.S3;

/// <summary>The contract against a store that takes no signed URLs: then the SDK asks for all.</summary>
[TestClass]
public sealed class UrlRefusingStoreContract : ObjectStoreContract, IAsyncDisposable
{
    private readonly FakeS3 server = new() { RefusesUrls = true };

    protected override bool HasEndOfSpace => false;

    public ValueTask DisposeAsync() => server.DisposeAsync();

    protected override async ValueTask<IObjectStore> CreateAsync() => await RealStore.OpenAsync(server.Options);
}

/// <summary>Ranged reads with URLs that were signed before, and what becomes of them where that does not go well.</summary>
[TestClass]
public sealed class SignedReadTests
{
    private static readonly byte[] Some = Content.Of("some", 300_000);

    [TestMethod]
    public async Task One_url_serves_all_reads_of_an_object()
    {
        await using var server = new FakeS3();
        using Reader reader = await Reader.OpenAsync(server);
        await reader.ReadRightAsync(0, Some.Length);
        await reader.ReadRightAsync(4096, 8192);
        await reader.ReadRightAsync(Some.Length - 1, 1);
        string[] gets = GetsOf(server);
        Assert.HasCount(3, gets);
        Assert.IsTrue(IsSigned(gets[0]));
        Assert.HasCount(1, gets.Distinct().ToList(), "each read was signed by itself");
    }

    [TestMethod]
    public async Task Where_a_url_is_refused_the_SDK_asks_in_the_same_read_and_for_a_minute()
    {
        await using var server = new FakeS3();
        using Reader reader = await Reader.OpenAsync(server);
        await reader.ReadRightAsync(0, 10);
        server.Failures.Enqueue(("GET", 403, "AccessDenied"));
        await reader.ReadRightAsync(10, 10);
        await reader.ReadRightAsync(20, 10);
        reader.Time.Shift += TimeSpan.FromSeconds(61);
        await reader.ReadRightAsync(30, 10);
        CollectionAssert.AreEqual(new[] { true, true, false, false, true }, GetsOf(server).Select(IsSigned).ToArray());
    }

    [TestMethod]
    public async Task A_url_is_dropped_before_it_expires()
    {
        await using var server = new FakeS3();
        using Reader reader = await Reader.OpenAsync(server);
        await reader.ReadRightAsync(0, 10);
        reader.Time.Shift += TimeSpan.FromMinutes(5);
        await reader.ReadRightAsync(0, 10);
        reader.Time.Shift += TimeSpan.FromMinutes(6);
        await reader.ReadRightAsync(0, 10);
        string[] gets = GetsOf(server);
        Assert.IsTrue(gets.All(IsSigned));
        Assert.AreEqual(gets[0], gets[1]);
        Assert.AreNotEqual(gets[1], gets[2]);
    }

    [TestMethod]
    public async Task Keys_that_change_meanwhile_fail_no_read()
    {
        await using var server = new FakeS3 { KnownKey = "first" };
        var keys = new ChangingKeys { Current = new("first", "secret", "token-1") };
        using Reader reader = await Reader.OpenAsync(server, keys);
        await reader.ReadRightAsync(0, 10);
        keys.Current = new("second", "secret", "token-2");
        await reader.ReadRightAsync(0, 10);
        server.KnownKey = "second";
        await reader.ReadRightAsync(0, 10);
        reader.Time.Shift += TimeSpan.FromSeconds(61);
        await reader.ReadRightAsync(0, 10);
        string[] gets = GetsOf(server);
        CollectionAssert.AreEqual(new[] { true, true, true, false, true }, gets.Select(IsSigned).ToArray());
        StringAssert.Contains(gets[0], "X-Amz-Security-Token=token-1");
        Assert.AreEqual(gets[0], gets[1]);
        StringAssert.Contains(gets[4], "X-Amz-Security-Token=token-2");
    }

    [TestMethod]
    public async Task A_body_that_ends_early_is_read_again_and_an_object_that_was_cut_off_is_fatal()
    {
        await using var server = new FakeS3();
        using Reader reader = await Reader.OpenAsync(server);
        server.CutAnswers = 2;
        await reader.ReadRightAsync(100, 200_000);
        Assert.HasCount(3, GetsOf(server));
        Assert.IsTrue(GetsOf(server).All(IsSigned));
        server.Damage("k", content => content[..5000]);
        ObjectStoreException cut = await reader.FailAsync("k", 4000, 2000), beyond = await reader.FailAsync("k", 6000, 10);
        Assert.AreEqual((ObjectStoreError.Fatal, ObjectStoreError.Fatal), (cut.Error, beyond.Error));
        StringAssert.Contains(cut.Message, "only 1000 of 2000 bytes at 4000");
        StringAssert.Contains(beyond.Message, "shorter than that");
    }

    [TestMethod]
    public async Task Reads_that_are_given_up_leave_room_for_others()
    {
        await using var server = new FakeS3();
        await using S3ObjectStore store = await RealStore.OpenAsync(server.Options with { MaxReads = 2 });
        await store.PutIfAbsentAsync("k", Some, CancellationToken.None);
        var gate = new TaskCompletionSource();
        using var arrived = new SemaphoreSlim(0);
        server.Gate = () =>
        {
            arrived.Release();
            return gate.Task;
        };
        for (int i = 0; i < 6; i++)
        {
            using var stop = new CancellationTokenSource();
            ValueTask read = store.GetAsync("k", 0, new byte[10], stop.Token);
            await arrived.WaitAsync();
            await stop.CancelAsync();
            await Assert.ThrowsAsync<OperationCanceledException>(async () => await read);
        }
        gate.SetResult();
        byte[] all = new byte[Some.Length];
        await store.GetAsync("k", 0, all, CancellationToken.None);
        CollectionAssert.AreEqual(Some, all);
    }

    [TestMethod]
    [DataRow(500, "InternalError")]
    [DataRow(503, "SlowDown")]
    public async Task A_store_that_cannot_serve_now_is_asked_again_and_quoted(int status, string code)
    {
        await using var server = new FakeS3();
        using Reader reader = await Reader.OpenAsync(server);
        for (int i = 0; i < 4; i++)
            server.Failures.Enqueue(("GET", status, code));
        ObjectStoreException e = await reader.FailAsync("k", 0, 10);
        Assert.AreEqual(ObjectStoreError.Retry, e.Error);
        StringAssert.Contains(e.Message, $"it answered {status} {code}");
        Assert.DoesNotContain("X-Amz", e.ToString());
        await reader.ReadRightAsync(0, 10);
        Assert.HasCount(5, GetsOf(server));
        Assert.IsTrue(GetsOf(server).All(IsSigned));
    }

    [TestMethod]
    public async Task An_object_that_is_not_there_is_not_found_and_its_url_not_held_against_the_store()
    {
        await using var server = new FakeS3();
        using Reader reader = await Reader.OpenAsync(server);
        Assert.AreEqual(ObjectStoreError.NotFound, (await reader.FailAsync("none", 0, 10)).Error);
        await reader.ReadRightAsync(0, 10);
        Assert.IsTrue(IsSigned(GetsOf(server)[^1]));
    }

    [TestMethod]
    public async Task An_address_that_is_dead_fails_no_read()
    {
        await using var server = new FakeS3();
        using Reader reader = await Reader.OpenAsync(server, others: new Uri("http://127.0.0.1:9"));
        for (int i = 0; i < 5; i++)
            await reader.ReadRightAsync(i * 10, 10);
        Assert.HasCount(5, GetsOf(server));
        Assert.IsTrue(GetsOf(server).All(IsSigned));
    }

    /// <summary>Against the real gateway: a URL is taken, whatever the prefix is written with.</summary>
    [TestMethod]
    [DataRow("")]
    [DataRow("/a b+c~d'(e)/\u00fc")]
    public async Task The_real_store_takes_signed_urls_with_ranges(string folder)
    {
        S3StoreOptions options = await RealStore.NewPoolAsync();
        options = options with { Prefix = options.Prefix + folder };
        await using S3ObjectStore store = await RealStore.OpenAsync(options);
        await store.PutIfAbsentAsync("v/k-1", Some, CancellationToken.None);
        using var lane = new S3Lane(options, S3Credentials.Find(options), new EndpointRing(1, TimeSpan.Zero, TimeProvider.System), 1, TimeProvider.System);
        byte[] bytes = await lane.TryAsync("reading", 1000, async (address, token) =>
        {
            using HttpResponseMessage? answer = await address.TryGetRangeAsync(options.Bucket, options.Prefix + "/v/k-1", 5000, 1000, token);
            Assert.IsNotNull(answer, "the URL was not taken");
            return await answer.Content.ReadAsByteArrayAsync(token);
        }, CancellationToken.None);
        CollectionAssert.AreEqual(Some[5000..6000], bytes);
        byte[] all = new byte[Some.Length];
        await store.GetAsync("v/k-1", 0, all, CancellationToken.None);
        CollectionAssert.AreEqual(Some, all);
    }

    private static string[] GetsOf(FakeS3 server) => [.. server.Requests.Where(request => request.StartsWith("GET ", StringComparison.Ordinal))];

    private static bool IsSigned(string request) => request.Contains("X-Amz-Signature=", StringComparison.Ordinal);

    /// <summary>Reads of the object "k" without a second request for a slow one, so that the server's requests can be counted.</summary>
    private sealed class Reader : IDisposable
    {
        private readonly S3Lane lane;
        private readonly S3Requests requests;

        private Reader(S3StoreOptions options, AWSCredentials keys)
        {
            lane = new S3Lane(options, keys, new EndpointRing(options.Endpoints.Count, rest: TimeSpan.Zero, Time), limit: 1, Time);
            requests = new S3Requests(options);
        }

        public ShiftedTime Time { get; } = new();

        public static async Task<Reader> OpenAsync(FakeS3 server, AWSCredentials? keys = null, params Uri[] others)
        {
            S3StoreOptions options = server.Options with { Attempts = 4, RequestTimeout = TimeSpan.FromMinutes(1) };
            var reader = new Reader(options with { Endpoints = [.. others, server.Endpoint] }, keys ?? new BasicAWSCredentials("first", "secret"));
            await reader.lane.RunAsync("storing", Some.Length, (address, token) => reader.requests.PutAsync(address, "k", Some, S3Condition.None, "test", token), CancellationToken.None);
            return reader;
        }

        public async Task ReadRightAsync(int offsetBytes, int lengthBytes)
        {
            byte[] bytes = new byte[lengthBytes];
            await ReadAsync("k", offsetBytes, bytes);
            CollectionAssert.AreEqual(Some[offsetBytes..(offsetBytes + lengthBytes)], bytes);
        }

        public Task<ObjectStoreException> FailAsync(string key, int offsetBytes, int lengthBytes) =>
            Assert.ThrowsExactlyAsync<ObjectStoreException>(() => ReadAsync(key, offsetBytes, new byte[lengthBytes]));

        public void Dispose() => lane.Dispose();

        private async Task ReadAsync(string key, int offsetBytes, byte[] bytes) => await lane.RunAsync("reading", bytes.Length, async (address, token) =>
        {
            await requests.GetAsync(address, key, offsetBytes, bytes, token);
            return true;
        }, CancellationToken.None);
    }

    private sealed class ChangingKeys : AWSCredentials
    {
        public required ImmutableCredentials Current { get; set; }

        public override ImmutableCredentials GetCredentials() => Current;
    }

    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Shift.TotalSeconds * TimestampFrequency);
    }
}
