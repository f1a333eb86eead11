using System.Net;
using Lunaria.Testing;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>Snapshots shown to hosts as LUNs.</summary>
[TestClass]
public sealed class SnapshotLunTests
{
    private const string Iqn = "iqn.2026-11.test:t";
    private const int WriteProtected = 0x072700;

    private static readonly byte[] First = [.. Enumerable.Repeat((byte)1, 4096)];
    private static readonly byte[] Second = [.. Enumerable.Repeat((byte)2, 4096)];

    [TestMethod]
    public async Task A_mapped_snapshot_is_read_by_hosts_never_written_and_never_deleted()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "v", sizeBytes = 1 << 30 });
        await appliance.SendAsync(HttpMethod.Post, "targets", new { iqn = Iqn, initiators = new[] { "*" } });
        await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "v" });
        using var host = new ScriptedInitiator(appliance.Portal);
        host.Login(Iqn);
        host.ClearUnitAttention();
        // The pool takes nothing meanwhile: a snapshot can be mapped all the same.
        appliance.Store.HoldPuts();
        Assert.AreEqual(0, host.Write(0, First).Status);
        await appliance.SendAsync(HttpMethod.Post, "volumes/v/snapshots", new { name = "s" });
        Assert.AreEqual(0, host.Write(0, Second).Status);
        var snapshot = (await appliance.SendAsync(HttpMethod.Get, "volumes/v/snapshots/s")).Answer;
        Assert.AreEqual(4096, snapshot.GetProperty("destaging").GetProperty("inLogBytes").GetInt32());
        var (status, lun) = await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "v@s", lun = 7 });
        Assert.AreEqual(HttpStatusCode.Created, status);
        Assert.AreEqual("v@s", lun.GetProperty("volume").GetString());
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "v@s" })).Status);
        host.ClearUnitAttention();
        host.ClearUnitAttention(7);
        CollectionAssert.AreEqual(First, host.Read(0, 8, lun: 7).Data);
        CollectionAssert.AreEqual(Second, host.Read(0, 8).Data);
        Assert.AreEqual(WriteProtected, host.Write(0, Second, lun: 7).SenseCode);
        appliance.Store.ReleasePuts();
        await appliance.Manager.SettleSnapshotAsync(appliance.Manager.ListSnapshots(appliance.Manager.Find("v")!)[0]);
        CollectionAssert.AreEqual(First, host.Read(0, 8, lun: 7).Data);

        await RefusedAsync(HttpMethod.Delete, "volumes/v/snapshots/s");
        await RefusedAsync(HttpMethod.Delete, $"targets/{Iqn}/luns/0", refused: false);
        await RefusedAsync(HttpMethod.Delete, "volumes/v?snapshots=true");
        await RefusedAsync(HttpMethod.Delete, $"targets/{Iqn}/luns/7", refused: false);
        await RefusedAsync(HttpMethod.Delete, "volumes/v/snapshots/s", refused: false);
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "v@s" })).Status);

        async Task RefusedAsync(HttpMethod method, string path, bool refused = true)
        {
            var (answer, problem) = await appliance.SendAsync(method, path);
            Assert.AreEqual(refused ? HttpStatusCode.Conflict : HttpStatusCode.NoContent, answer, path);
            if (refused)
                StringAssert.Contains(problem.GetProperty("detail").GetString(), $"LUN 7 of {Iqn}. Unmap it first.");
        }
    }
}
