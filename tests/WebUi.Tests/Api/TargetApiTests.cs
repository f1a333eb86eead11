using System.Net;
using System.Text.Json;
using Lunaria.Testing;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>Targets, LUNs, initiators and sessions, each change seen by a host, too.</summary>
[TestClass]
public sealed class TargetApiTests
{
    private const string Iqn = "iqn.2026-11.test:t";
    private const int LunsChanged = 0x063F0E;
    private const int LunNotSupported = 0x052500;

    [TestMethod]
    public async Task A_lun_comes_and_goes_under_a_host_that_is_logged_in()
    {
        await using var appliance = await StartAsync("*");
        using var host = LogIn(appliance);
        host.ClearUnitAttention();
        Assert.AreEqual(HttpStatusCode.Created, (await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "b" })).Status);
        Assert.AreEqual(LunsChanged, host.Read(0, 8).SenseCode);
        host.ClearUnitAttention(1);
        Assert.AreEqual(0, host.Read(0, 8, lun: 1).Status);
        Assert.AreEqual(HttpStatusCode.NoContent, (await appliance.SendAsync(HttpMethod.Delete, $"targets/{Iqn}/luns/1")).Status);
        Assert.AreEqual(LunsChanged, host.Read(0, 8).SenseCode);
        Assert.AreEqual(LunNotSupported, host.Read(0, 8, lun: 1).SenseCode);
        Assert.AreEqual(0, host.Read(0, 8).Status);
    }

    [TestMethod]
    public async Task Mapping_twice_is_mapping_once_and_a_taken_number_is_a_conflict()
    {
        await using var appliance = await StartAsync("*");
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "a", lun = 0 })).Status);
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "a" })).Status);
        var (status, problem) = await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "b", lun = 0 });
        Assert.AreEqual(HttpStatusCode.Conflict, status);
        StringAssert.Contains(problem.GetProperty("detail").GetString(), "shows the volume a");
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "none" })).Status);
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Delete, $"targets/{Iqn}/luns/7")).Status);
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "b", lun = 256 })).Status);
    }

    [TestMethod]
    public async Task Only_who_is_allowed_gets_in_and_who_is_denied_is_cut_off()
    {
        await using var appliance = await StartAsync();
        Assert.Throws<InvalidOperationException>(() => LogIn(appliance));
        var initiators = $"targets/{Iqn}/initiators";
        Assert.AreEqual(HttpStatusCode.Created, (await appliance.SendAsync(HttpMethod.Put, $"{initiators}/iqn.2026-11.test:initiator")).Status);
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Put, $"{initiators}/iqn.2026-11.test:initiator")).Status);
        using var host = LogIn(appliance);
        host.ClearUnitAttention();
        Assert.AreEqual(HttpStatusCode.NoContent, (await appliance.SendAsync(HttpMethod.Delete, $"{initiators}/iqn.2026-11.test:initiator")).Status);
        Assert.IsTrue(host.IsDroppedByTarget(), "the session is dropped");
        Assert.Throws<InvalidOperationException>(() => LogIn(appliance));
    }

    [TestMethod]
    public async Task Chap_counts_from_the_next_log_in_on_and_is_never_shown()
    {
        await using var appliance = await StartAsync("*");
        using var before = LogIn(appliance);
        var (status, answer) = await appliance.SendAsync(
            HttpMethod.Put, $"targets/{Iqn}/initiators/*/chap", new { user = "u", secret = "hush hush hush", mutualUser = "m", mutualSecret = "mum mum mum mum" });
        Assert.AreEqual(HttpStatusCode.OK, status);
        Assert.AreEqual("u", answer.GetProperty("chapUser").GetString());
        before.ClearUnitAttention();
        Assert.AreEqual(0, before.Read(0, 8).Status, "a session that is there stays");
        Assert.Throws<InvalidOperationException>(() => LogIn(appliance));
        foreach (var path in (string[])["targets", "initiators", $"targets/{Iqn}", "audit", "settings"])
        {
            var text = await appliance.Client.GetStringAsync($"/api/v1/{path}");
            Assert.DoesNotContain("hush", text, path);
            Assert.DoesNotContain("mum", text, path);
        }

        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Delete, $"targets/{Iqn}/initiators/*/chap")).Status);
        using var after = LogIn(appliance, isid: 0x80_1234_560002);
    }

    [TestMethod]
    [DataRow("short", null, null, "secret")]
    [DataRow("123456789012", "m", null, "mutualUser and mutualSecret")]
    [DataRow("123456789012", "m", "123456789012", "mutualSecret")]
    public async Task A_wrong_secret_is_refused_and_not_repeated(string secret, string? mutualUser, string? mutualSecret, string says)
    {
        await using var appliance = await StartAsync("*");
        var (status, problem) = await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/initiators/*/chap", new { user = "u", secret, mutualUser, mutualSecret });
        Assert.AreEqual(HttpStatusCode.BadRequest, status);
        StringAssert.StartsWith(problem.GetProperty("detail").GetString(), says);
        Assert.DoesNotContain(secret, problem.GetProperty("detail").GetString()!.Replace("12 to 128", "", StringComparison.Ordinal));
    }

    [TestMethod]
    public async Task A_list_with_null_in_it_is_refused()
    {
        await using var appliance = await TestAppliance.StartAsync();
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Post, "targets", new { iqn = Iqn, initiators = new string?[] { null } })).Status);
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Post, "snapshot-groups", new { volumes = new string?[] { null }, snapshot = new { } })).Status);
    }

    [TestMethod]
    public async Task A_session_is_listed_and_kicked()
    {
        await using var appliance = await StartAsync("*");
        using var host = LogIn(appliance);
        var session = (await appliance.SendAsync(HttpMethod.Get, "sessions")).Answer.EnumerateArray().Single();
        Assert.AreEqual("iqn.2026-11.test:initiator", session.GetProperty("initiator").GetString());
        Assert.AreEqual(host.Socket.LocalEndPoint!.ToString(), session.GetProperty("peer").GetString());
        Assert.AreEqual(1, session.GetProperty("connections").GetInt32());
        Assert.AreEqual(HttpStatusCode.NoContent, (await appliance.SendAsync(HttpMethod.Delete, $"sessions/{session.GetProperty("id").GetString()}")).Status);
        Assert.IsTrue(host.IsDroppedByTarget());
        Assert.AreEqual(0, (await appliance.SendAsync(HttpMethod.Get, "sessions")).Answer.GetArrayLength());
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Delete, "sessions/1-99")).Status);
    }

    [TestMethod]
    public async Task A_target_in_use_is_deleted_only_by_force()
    {
        await using var appliance = await StartAsync("*");
        using var host = LogIn(appliance);
        var (status, problem) = await appliance.SendAsync(HttpMethod.Delete, $"targets/{Iqn}");
        Assert.AreEqual(HttpStatusCode.Conflict, status);
        Assert.AreEqual("urn:lunaria:problem:in-use", problem.GetProperty("type").GetString());
        Assert.AreEqual(HttpStatusCode.NoContent, (await appliance.SendAsync(HttpMethod.Delete, $"targets/{Iqn}?force=true")).Status);
        Assert.IsTrue(host.IsDroppedByTarget());
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Get, $"targets/{Iqn}")).Status);
        Assert.HasCount(2, appliance.Manager.Volumes);
    }

    [TestMethod]
    public async Task A_change_of_what_has_changed_meanwhile_is_refused()
    {
        await using var appliance = await StartAsync("*");
        using var seen = await appliance.Client.GetAsync($"/api/v1/targets/{Iqn}");
        var tag = seen.Headers.ETag!.ToString();
        await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "b" });
        var (status, problem) = await appliance.SendAsync(HttpMethod.Delete, $"targets/{Iqn}", null, ("If-Match", tag));
        Assert.AreEqual(HttpStatusCode.PreconditionFailed, status);
        Assert.AreEqual("urn:lunaria:problem:changed", problem.GetProperty("type").GetString());
        using var now = await appliance.Client.GetAsync($"/api/v1/targets/{Iqn}");
        Assert.AreEqual(HttpStatusCode.NoContent, (await appliance.SendAsync(HttpMethod.Delete, $"targets/{Iqn}", null, ("If-Match", now.Headers.ETag!.ToString()))).Status);
    }

    /// <summary>Volumes a and b, a target with a as LUN 0.</summary>
    [TestMethod]
    public async Task Initiators_are_let_in_by_the_beginning_of_their_names()
    {
        await using var appliance = await StartAsync("iqn.2026-11.test:*", "iqn.2026-11.test:init*");
        using (LogIn(appliance))
        {
            // Another entry still lets it in, so its session stays.
            await appliance.SendAsync(HttpMethod.Delete, $"targets/{Iqn}/initiators/iqn.2026-11.test:init*");
            Assert.AreEqual(1, (await appliance.SendAsync(HttpMethod.Get, "sessions")).Answer.GetArrayLength());
            await appliance.SendAsync(HttpMethod.Delete, $"targets/{Iqn}/initiators/iqn.2026-11.test:*");
            Assert.AreEqual(0, (await appliance.SendAsync(HttpMethod.Get, "sessions")).Answer.GetArrayLength());
        }

        foreach (var wrong in (string[])["iqn.*.test:x", "i*", "iqn.2026-11.test:**", "*.test"])
            Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/initiators/{wrong}")).Status, wrong);
    }

    [TestMethod]
    public async Task Luns_of_an_initiator_change_under_its_session()
    {
        await using var appliance = await StartAsync("*", "iqn.2026-11.test:initiator");
        await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "b", lun = 1 });
        using var host = LogIn(appliance);
        host.ClearUnitAttention();
        var luns = $"targets/{Iqn}/initiators/iqn.2026-11.test:initiator/luns";
        var (status, view) = await appliance.SendAsync(HttpMethod.Put, luns, new { luns = new[] { 5, 0, 5 } });
        Assert.AreEqual(HttpStatusCode.OK, status);
        Assert.AreEqual("[0,5]", JsonSerializer.Serialize(view.GetProperty("luns")));
        Assert.AreEqual(LunsChanged, host.Read(0, 8).SenseCode);
        Assert.AreEqual(LunNotSupported, host.Read(0, 8, lun: 1).SenseCode);
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/initiators/iqn.2026-11.test:initiator/chap", new { user = "u", secret = "hush hush hush" })).Status);
        Assert.AreEqual(LunNotSupported, host.Read(0, 8, lun: 1).SenseCode, "what it must prove is another matter");
        (_, view) = await appliance.SendAsync(HttpMethod.Delete, luns);
        Assert.AreEqual(JsonValueKind.Null, view.GetProperty("luns").ValueKind);
        Assert.AreEqual(LunsChanged, host.Read(0, 8).SenseCode);
        host.ClearUnitAttention(1);
        Assert.AreEqual(0, host.Read(0, 8, lun: 1).Status);
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Put, luns, new { luns = new[] { 256 } })).Status);
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Put, luns, new { luns = new[] { -1 } })).Status);
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/initiators/iqn.2026-11.test:nobody/luns", new { luns = new[] { 1 } })).Status);
    }

    [TestMethod]
    public async Task Who_comes_from_elsewhere_is_cut_off_and_does_not_get_in_again()
    {
        await using var appliance = await StartAsync("*");
        using var host = LogIn(appliance);
        var addresses = $"targets/{Iqn}/initiators/*/addresses";
        var (status, view) = await appliance.SendAsync(HttpMethod.Put, addresses, new { addresses = new[] { "10.1.2.3/8", "127.0.0.1", "10.0.0.0/8" } });
        Assert.AreEqual(HttpStatusCode.OK, status);
        Assert.AreEqual("""["10.0.0.0/8","127.0.0.1"]""", JsonSerializer.Serialize(view.GetProperty("addresses")));
        host.ClearUnitAttention();
        await appliance.SendAsync(HttpMethod.Put, addresses, new { addresses = new[] { "10.0.0.0/8" } });
        Assert.IsTrue(host.IsDroppedByTarget());
        Assert.Throws<InvalidOperationException>(() => LogIn(appliance));
        await appliance.SendAsync(HttpMethod.Put, addresses, new { addresses = Array.Empty<string>() });
        LogIn(appliance).Dispose();
        foreach (var wrong in (string?[])["10.0.0", "10.0.0.0/40", "example.com", "", null])
            Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Put, addresses, new { addresses = new[] { wrong } })).Status, wrong);
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Put, addresses, new { addresses = Enumerable.Range(0, 65).Select(i => $"10.0.0.{i}") })).Status);
    }

    [TestMethod]
    public async Task A_target_on_another_portal_is_not_there_and_comes_back_with_its_luns()
    {
        await using var appliance = await StartAsync("*");
        using var host = LogIn(appliance);
        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/portals", new { portals = new[] { "127.0.0.2:3260" }, group = 2 })).Status);
        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/portals", new { portals = new[] { "127.0.0.2:3260" }, group = 1 })).Status);
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/portals", new { portals = new[] { appliance.Portal.ToString() }, group = 1 })).Status);
        host.ClearUnitAttention();
        Assert.AreEqual(0, host.Read(0, 8).Status, "who is at a portal that stays notices nothing");
        var (status, view) = await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/portals?force=true", new { portals = new[] { "127.0.0.2:3260" }, group = 2 });
        Assert.AreEqual(HttpStatusCode.OK, status);
        Assert.AreEqual("2 127.0.0.2:3260", $"{view.GetProperty("portalGroup").GetInt32()} {view.GetProperty("portals")[0].GetString()}");
        Assert.IsTrue(host.IsDroppedByTarget());
        StringAssert.Contains(Assert.Throws<InvalidOperationException>(() => LogIn(appliance)).Message, "0203");
        await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/portals", new { portals = new[] { appliance.Portal.ToString() }, group = 3 });
        using var again = new ScriptedInitiator(appliance.Portal);
        Assert.AreEqual("3", again.Login(Iqn)["TargetPortalGroupTag"]);
        again.ClearUnitAttention();
        Assert.AreEqual(0, again.Read(0, 8).Status);
        foreach (var wrong in (string[])["127.0.0.1", "host:3260", "127.0.0.1:0", "127.0.0.1:70000", "::1:3260"])
            Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/portals", new { portals = new[] { wrong } })).Status, wrong);
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/portals", new { portals = Array.Empty<string>(), group = 0 })).Status);
    }

    [TestMethod]
    public async Task Hosts_are_sent_elsewhere_until_they_are_let_in_again()
    {
        await using var appliance = await StartAsync("*");
        var (status, view) = await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/redirect", new { address = "storage.example.com:3260", permanent = true });
        Assert.AreEqual(HttpStatusCode.OK, status);
        Assert.IsTrue(view.GetProperty("redirect").GetProperty("permanent").GetBoolean());
        StringAssert.Contains(Assert.Throws<InvalidOperationException>(() => LogIn(appliance)).Message, "0102");
        foreach (var wrong in (string[])[appliance.Portal.ToString(), "storage", "a b:1", "[1.2.3.4.5]:1", "host:99999", "host:0", ":3260"])
            Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/redirect", new { address = wrong })).Status, wrong);
        await appliance.SendAsync(HttpMethod.Delete, $"targets/{Iqn}/redirect");
        using var host = LogIn(appliance);
        await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/redirect", new { address = "192.0.2.1:3260" });
        host.ClearUnitAttention();
        await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/redirect", new { address = "192.0.2.1:3260", move = true });
        Assert.AreEqual(0x32, host.TryReceive()!.Header[0] & 0x3F, "asked to log out");
    }

    private static async Task<TestAppliance> StartAsync(params string[] initiators)
    {
        var appliance = await TestAppliance.StartAsync();
        foreach (var name in (string[])["a", "b"])
            await appliance.SendAsync(HttpMethod.Post, "volumes", new { name, sizeBytes = 1 << 30 });
        await appliance.SendAsync(HttpMethod.Post, "targets", new { iqn = Iqn, initiators });
        await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "a" });
        return appliance;
    }

    private static ScriptedInitiator LogIn(TestAppliance appliance, ulong isid = 0x80_1234_560001)
    {
        var host = new ScriptedInitiator(appliance.Portal) { Isid = isid };
        try
        {
            host.Login(Iqn);
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }
}
