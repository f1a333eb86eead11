using System.Net;
using Lunaria.Testing;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>Resize, rename, delete, snapshots, clones and rollback, seen by a host where it can see them.</summary>
[TestClass]
public sealed class SnapshotApiTests
{
    private const string Iqn = "iqn.2026-11.test:t";
    private const long GiB = 1L << 30;
    private const int CapacityChanged = 0x062A09;

    private static readonly byte[] First = [.. Enumerable.Repeat((byte)1, 4096)];
    private static readonly byte[] Second = [.. Enumerable.Repeat((byte)2, 4096)];

    [TestMethod]
    public async Task A_volume_grows_under_a_host_and_shrinks_only_without_one_and_when_meant()
    {
        await using var appliance = await StartAsync();
        using (var host = LogIn(appliance))
        {
            Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Patch, "volumes/a", new { sizeBytes = 2 * GiB })).Status);
            Assert.AreEqual(CapacityChanged, host.Read(0, 8).SenseCode);
            Assert.AreEqual(0, host.Write(2 * GiB / 512 - 8, First).Status);
            var (status, problem) = await appliance.SendAsync(HttpMethod.Patch, "volumes/a", new { sizeBytes = GiB, discardTail = true });
            Assert.AreEqual(HttpStatusCode.Conflict, status);
            StringAssert.Contains(problem.GetProperty("detail").GetString(), "iqn.2026-11.test:initiator is logged in");
            await KickAsync(appliance);
        }

        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Patch, "volumes/a", new { sizeBytes = GiB })).Status, "the tail was not given up");
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Patch, "volumes/a", new { sizeBytes = GiB, discardTail = true })).Status);
        Assert.AreEqual(GiB, appliance.Manager.Find("a")!.SizeBytes);
    }

    [TestMethod]
    public async Task A_volume_is_renamed_and_deleted_when_nothing_shows_it()
    {
        await using var appliance = await StartAsync();
        var (status, problem) = await appliance.SendAsync(HttpMethod.Delete, "volumes/a");
        Assert.AreEqual(HttpStatusCode.Conflict, status);
        StringAssert.Contains(problem.GetProperty("detail").GetString(), $"LUN 0 of {Iqn}");
        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Patch, "volumes/a", new { name = "b" })).Status);
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Patch, "volumes/a", new { name = "c" })).Status);
        Assert.AreEqual("c", (await appliance.SendAsync(HttpMethod.Get, "luns")).Answer[0].GetProperty("volume").GetString());
        await appliance.SendAsync(HttpMethod.Delete, $"targets/{Iqn}/luns/0");
        Assert.AreEqual(HttpStatusCode.NoContent, (await appliance.SendAsync(HttpMethod.Delete, "volumes/c")).Status);
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Delete, "volumes/c")).Status);
        Assert.AreEqual(HttpStatusCode.Created, (await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "c", sizeBytes = GiB })).Status);
    }

    [TestMethod]
    public async Task A_template_takes_no_writes_and_is_cloned_by_the_snapshot_it_got()
    {
        await using var appliance = await StartAsync();
        using (var host = LogIn(appliance))
        {
            Assert.AreEqual(0, host.Write(0, First).Status);
            var (status, problem) = await appliance.SendAsync(HttpMethod.Patch, "volumes/a", new { isTemplate = true });
            Assert.AreEqual(HttpStatusCode.Conflict, status, "a host is logged in");
            StringAssert.Contains(problem.GetProperty("detail").GetString(), "make it a template");
            await KickAsync(appliance);
        }

        Assert.IsTrue((await appliance.SendAsync(HttpMethod.Patch, "volumes/a", new { isTemplate = true })).Answer.GetProperty("isTemplate").GetBoolean());
        Assert.AreEqual(HttpStatusCode.Created, (await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots/template/clone", new { name = "twin" })).Status);
        using (var host = LogIn(appliance))
        {
            Assert.AreNotEqual(0, host.Write(0, Second).Status);
            await KickAsync(appliance);
        }

        await appliance.SendAsync(HttpMethod.Delete, $"targets/{Iqn}/luns/0");
        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Delete, "volumes/a?snapshots=true")).Status, "a template is protected");
        Assert.IsFalse((await appliance.SendAsync(HttpMethod.Patch, "volumes/a", new { isTemplate = false })).Answer.GetProperty("isTemplate").GetBoolean());
        Assert.AreEqual(HttpStatusCode.NoContent, (await appliance.SendAsync(HttpMethod.Delete, "volumes/a?snapshots=true")).Status);
        var content = new byte[4096];
        await appliance.Manager.Find("twin")!.ReadAsync(0, content);
        CollectionAssert.AreEqual(First, content);
    }

    [TestMethod]
    public async Task A_promoted_clone_takes_the_snapshots_of_its_origin()
    {
        await using var appliance = await StartAsync();
        foreach (var name in (string[])["one", "two"])
            await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots", new { name });
        await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots/one/clone", new { name = "twin" });
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Post, "volumes/twin/promote")).Status);
        var one = (await appliance.SendAsync(HttpMethod.Get, "volumes/twin/snapshots")).Answer[0];
        Assert.AreEqual("one", one.GetProperty("name").GetString());
        Assert.AreEqual(0, one.GetProperty("clones").GetArrayLength(), "a volume is no clone of its own snapshot");
        Assert.AreEqual("two", (await appliance.SendAsync(HttpMethod.Get, "volumes/a/snapshots")).Answer[0].GetProperty("name").GetString());
        var (status, problem) = await appliance.SendAsync(HttpMethod.Post, "volumes/a/promote");
        Assert.AreEqual(HttpStatusCode.Conflict, status);
        StringAssert.Contains(problem.GetProperty("detail").GetString(), "is no clone");
    }

    [TestMethod]
    public async Task A_snapshot_is_cloned_and_gone_back_to()
    {
        await using var appliance = await StartAsync();
        using (var host = LogIn(appliance))
        {
            Assert.AreEqual(0, host.Write(0, First).Status);
            Assert.AreEqual(HttpStatusCode.Created, (await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots", new { name = "one", labels = new { why = "test" } })).Status);
            Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots", new { name = "one" })).Status);
            Assert.AreEqual(0, host.Write(0, Second).Status);
            Assert.AreEqual(HttpStatusCode.Created, (await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots/one/clone", new { name = "copy" })).Status);
            await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "copy", lun = 5 });
            host.ClearUnitAttention();
            host.ClearUnitAttention(5);
            CollectionAssert.AreEqual(First, host.Read(0, 8, lun: 5).Data);
            CollectionAssert.AreEqual(Second, host.Read(0, 8).Data);
            Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots/one/rollback", new { })).Status, "a host is logged in");
            await KickAsync(appliance);
        }

        var list = (await appliance.SendAsync(HttpMethod.Get, "volumes/a/snapshots")).Answer;
        Assert.AreEqual("test", list[0].GetProperty("labels").GetProperty("why").GetString());
        Assert.AreEqual("copy", list[0].GetProperty("clones")[0].GetString());
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots/one/rollback", new { })).Status);
        using var again = LogIn(appliance);
        CollectionAssert.AreEqual(First, again.Read(0, 8).Data);
    }

    [TestMethod]
    public async Task What_changed_between_two_snapshots_is_listed_and_what_they_take_is_measured()
    {
        await using var appliance = await StartAsync();
        using var host = LogIn(appliance);
        host.Write(0, First);
        await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots", new { name = "one" });
        host.Write(8, Second);
        await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots", new { name = "two" });
        var (status, changes) = await appliance.SendAsync(HttpMethod.Get, "volumes/a/snapshots/one/changes/two");
        Assert.AreEqual(HttpStatusCode.OK, status);
        Assert.AreEqual("4096+4096", $"{changes[0].GetProperty("offsetBytes")}+{changes[0].GetProperty("lengthBytes")}");
        Assert.AreEqual(1, changes.GetArrayLength());
        var (measured, space) = await appliance.SendAsync(HttpMethod.Get, "volumes/a/snapshots/two/space");
        Assert.AreEqual(HttpStatusCode.OK, measured);
        Assert.AreEqual(8192, space.GetProperty("totalBytes").GetInt64());
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Get, "volumes/a/snapshots/one/changes/none")).Status);
    }

    [TestMethod]
    public async Task A_sticky_snapshot_stays_until_it_is_let_go_and_keeps_its_volume()
    {
        await using var appliance = await StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "volumes/b/snapshots", new { name = "kept", sticky = true });
        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Delete, "volumes/b/snapshots/kept")).Status);
        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Delete, "volumes/b?snapshots=true")).Status);
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Patch, "volumes/b/snapshots/kept", new { sticky = false, name = "free" })).Status);
        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Delete, "volumes/b")).Status, "with its snapshots only when that is said");
        Assert.AreEqual(HttpStatusCode.NoContent, (await appliance.SendAsync(HttpMethod.Delete, "volumes/b?snapshots=true")).Status);
    }

    [TestMethod]
    public async Task A_group_is_taken_whole_or_not_at_all()
    {
        await using var appliance = await StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "volumes/b/snapshots", new { name = "taken" });
        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Post, "snapshot-groups", new { volumes = new[] { "a", "b" }, snapshot = new { name = "taken" } })).Status);
        Assert.AreEqual(0, (await appliance.SendAsync(HttpMethod.Get, "volumes/a/snapshots")).Answer.GetArrayLength());
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Post, "snapshot-groups", new { volumes = new[] { "a", "b" }, snapshot = new { } })).Status);
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Post, "snapshot-groups", new { volumes = new[] { "none" }, snapshot = new { } })).Status);
        Assert.AreEqual(1, (await appliance.SendAsync(HttpMethod.Get, "volumes/a/snapshots")).Answer.GetArrayLength());
    }

    /// <summary>Volumes a and b of 1 GiB, a target for everybody with a as LUN 0.</summary>
    private static async Task<TestAppliance> StartAsync()
    {
        var appliance = await TestAppliance.StartAsync();
        foreach (var name in (string[])["a", "b"])
            await appliance.SendAsync(HttpMethod.Post, "volumes", new { name, sizeBytes = GiB });
        await appliance.SendAsync(HttpMethod.Post, "targets", new { iqn = Iqn, initiators = new[] { "*" } });
        await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "a" });
        return appliance;
    }

    private static ScriptedInitiator LogIn(TestAppliance appliance)
    {
        var host = new ScriptedInitiator(appliance.Portal);
        host.Login(Iqn);
        host.ClearUnitAttention();
        return host;
    }

    private static async Task KickAsync(TestAppliance appliance)
    {
        var session = (await appliance.SendAsync(HttpMethod.Get, "sessions")).Answer[0];
        await appliance.SendAsync(HttpMethod.Delete, $"sessions/{session.GetProperty("id").GetString()}");
    }
}
