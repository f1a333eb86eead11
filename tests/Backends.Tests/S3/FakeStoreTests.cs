using Lunaria.Backends.S3;
using Lunaria.Backends.Tests.Contract;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.S3;

/// <summary>The contract against a server that every machine has.</summary>
[TestClass]
public sealed class FakeStoreContract : ObjectStoreContract, IAsyncDisposable
{
    private readonly FakeS3 server = new();

    protected override bool HasEndOfSpace => false;

    public ValueTask DisposeAsync() => server.DisposeAsync();

    protected override async ValueTask<IObjectStore> CreateAsync() => await RealStore.OpenAsync(server.Options with { Prefix = "a/b" });
}

/// <summary>The contract, but for races between processes, against a store that ignores all conditions.</summary>
[TestClass]
public sealed class UnconditionalStoreContract : ObjectStoreContract, IAsyncDisposable
{
    private readonly FakeS3 server = new() { IgnoresIfNoneMatch = true, IgnoresIfMatch = true };

    protected override bool HasEndOfSpace => false;

    public ValueTask DisposeAsync() => server.DisposeAsync();

    protected override async ValueTask<IObjectStore> CreateAsync() => await RealStore.OpenAsync(server.Options);
}

/// <summary>What the store does when its server misbehaves.</summary>
[TestClass]
public sealed class FakeStoreTests
{
    private static readonly byte[] Some = Content.Of("some", 10_000);

    [TestMethod]
    [DataRow(false, false, false, true)]
    [DataRow(false, false, true, true)]
    [DataRow(true, false, false, false)]
    [DataRow(false, true, false, false)]
    public async Task The_probe_finds_out_what_the_store_does_and_leaves_nothing(bool ignoresIfNoneMatch, bool ignoresIfMatch, bool wantsBareTags, bool excludes)
    {
        await using var server = new FakeS3 { IgnoresIfNoneMatch = ignoresIfNoneMatch, IgnoresIfMatch = ignoresIfMatch, WantsBareTags = wantsBareTags };
        await using S3ObjectStore store = await RealStore.OpenAsync(server.Options);
        Assert.AreEqual(excludes, store.Capabilities.ConditionalWrites);
        Assert.AreEqual(0, (await store.ListAllAsync("")).Count);
        string tag = await store.CompareAndSetAsync("k", null, Some, CancellationToken.None);
        await store.CompareAndSetAsync("k", tag, new byte[1], CancellationToken.None);
    }

    [TestMethod]
    public async Task An_upload_whose_answer_was_lost_is_known_again_and_one_of_another_is_not()
    {
        await using var server = new FakeS3();
        await using S3ObjectStore store = await RealStore.OpenAsync(server.Options);
        server.Failures.Enqueue(("PUT", 0, ""));
        string tag = await store.PutIfAbsentAsync("a", Some, CancellationToken.None);
        Assert.AreEqual(tag, (await store.HeadAsync("a", CancellationToken.None))!.Tag);
        server.Failures.Enqueue(("PUT", 0, ""));
        await store.CompareAndSetAsync("a", tag, new byte[3], CancellationToken.None);

        // Not our own: a failure first, and then the object of another writer, with the very same bytes.
        server.Failures.Enqueue(("PUT", 503, "SlowDown"));
        var e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () => await store.PutIfAbsentAsync("a", new byte[3], CancellationToken.None));
        Assert.AreEqual(ObjectStoreError.Exists, e.Error);
    }

    [TestMethod]
    [DataRow(500, "InternalError", ObjectStoreError.Retry)]
    [DataRow(503, "SlowDown", ObjectStoreError.Retry)]
    [DataRow(409, "ConditionalRequestConflict", ObjectStoreError.Retry)]
    [DataRow(400, "BadDigest", ObjectStoreError.Retry)]
    [DataRow(403, "AccessDenied", ObjectStoreError.Retry)]
    [DataRow(403, "RequestTimeTooSkewed", ObjectStoreError.Retry)]
    [DataRow(403, "QuotaExceeded", ObjectStoreError.OutOfSpace)]
    [DataRow(507, "XMinioStorageFull", ObjectStoreError.OutOfSpace)]
    [DataRow(501, "NotImplemented", ObjectStoreError.Fatal)]
    public async Task Each_answer_has_its_kind_and_what_may_pass_is_tried_again(int status, string code, ObjectStoreError error)
    {
        await using var server = new FakeS3();
        await using S3ObjectStore store = await RealStore.OpenAsync(server.Options with { Attempts = 3 });
        for (int i = 0; i < 3; i++)
            server.Failures.Enqueue(("PUT", status, code));
        var e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () => await store.PutIfAbsentAsync("k", Some, CancellationToken.None));
        Assert.AreEqual(error, e.Error);
        StringAssert.Contains(e.Message, "s3://fake at 127.0.0.1");
        Assert.DoesNotContain("secret", e.ToString());
        Assert.HasCount(error == ObjectStoreError.Retry ? 0 : 2, server.Failures);
    }

    [TestMethod]
    public async Task A_truncated_object_is_fatal_and_a_flipped_bit_never_data()
    {
        await using var server = new FakeS3();
        await using S3ObjectStore store = await RealStore.OpenAsync(server.Options with { Attempts = 2 });
        await store.PutIfAbsentAsync("cut", Some, CancellationToken.None);
        await store.PutIfAbsentAsync("bent", Some, CancellationToken.None);
        server.Damage("cut", content => content[..5000]);
        server.Damage("bent", content => [.. content[..77], (byte)(content[77] ^ 4), .. content[78..]]);
        var cut = await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () => await store.GetAsync("cut", 0, new byte[10_000], CancellationToken.None));
        Assert.AreEqual(ObjectStoreError.Fatal, cut.Error);
        StringAssert.Contains(cut.Message, "only 5000 of 10000 bytes");
        var bent = await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () => await store.GetAsync("bent", 0, new byte[10_000], CancellationToken.None));
        StringAssert.Contains(bent.Message, "checksum");
    }

    [TestMethod]
    [DataRow("PUT", 403, "AccessDenied", "access is denied")]
    [DataRow("PUT", 403, "InvalidAccessKeyId", "does not know the access key")]
    [DataRow("PUT", 403, "SignatureDoesNotMatch", "secret key is not the access key's")]
    public async Task What_the_store_refuses_at_the_start_ends_the_start(string method, int status, string code, string says)
    {
        await using var server = new FakeS3();
        server.Failures.Enqueue((method, status, code));
        var e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () => await RealStore.OpenAsync(server.Options));
        Assert.AreEqual(ObjectStoreError.Fatal, e.Error);
        StringAssert.Contains(e.Message, says);
    }

    [TestMethod]
    public async Task A_start_waits_for_a_store_that_does_not_work_yet()
    {
        await using var server = new FakeS3();
        for (int i = 0; i < 3; i++)
            server.Failures.Enqueue(("PUT", 503, "SlowDown"));
        await using S3ObjectStore store = await RealStore.OpenAsync(server.Options);
        Assert.IsTrue(store.Capabilities.ConditionalWrites);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await S3ObjectStore.OpenAsync(
            server.Options with { Endpoints = [new Uri("http://127.0.0.1:9")] }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, stop.Token));
    }

    [TestMethod]
    public async Task An_address_that_is_dead_costs_one_attempt_and_is_left_alone()
    {
        await using var server = new FakeS3();
        await using S3ObjectStore store = await RealStore.OpenAsync(server.Options with { Endpoints = [server.Endpoint, new Uri("http://127.0.0.1:9")] });
        for (int i = 0; i < 20; i++)
            await store.PutIfAbsentAsync($"k/{i}", Some, CancellationToken.None);
        Assert.AreEqual(20, (await store.ListAllAsync("k/")).Count);
    }

    [TestMethod]
    public void Addresses_take_turns_and_a_failed_one_rests()
    {
        var time = new Lunaria.Testing.ManualTime();
        var ring = new EndpointRing(3, TimeSpan.FromSeconds(60), time);
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 0 }, Enumerable.Range(0, 4).Select(_ => ring.Choose()).ToArray());
        ring.Failed(1);
        CollectionAssert.AreEqual(new[] { 2, 0, 2, 0 }, Enumerable.Range(0, 4).Select(_ => ring.Choose()).ToArray());
        time.Advance(TimeSpan.FromSeconds(30));
        ring.Failed(0);
        ring.Failed(2);
        Assert.AreEqual(1, ring.Choose(), "where all rest, the one that rested longest");
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.AreEqual(1, ring.Choose());
        ring.Worked(0);
        CollectionAssert.AreEquivalent(new[] { 0, 1 }, new[] { ring.Choose(), ring.Choose() });
    }
}
