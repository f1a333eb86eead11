using System.Net;
using Lunaria.Volumes;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Metadata;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>What the store has, and bringing everything there.</summary>
[TestClass]
public sealed class BackendTests
{
    [TestMethod]
    public async Task After_a_flush_nothing_waits_and_the_catalog_shows_it()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "v", sizeBytes = 16 << 20 });
        var volume = appliance.Manager.Find("v")!;
        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(0, new byte[1 << 20].Select((_, i) => (byte)(i | 1)).ToArray(), durable: false));
        var (status, before) = await appliance.SendAsync(HttpMethod.Get, "backend");
        Assert.AreEqual(HttpStatusCode.OK, status);
        Assert.AreEqual("s3", before.GetProperty("kind").GetString());
        Assert.IsGreaterThanOrEqualTo(before.GetProperty("waitingBytes").GetInt64(), before.GetProperty("logBytes").GetInt64());
        (status, var job) = await appliance.SendAsync(HttpMethod.Post, "backend/flush");
        Assert.AreEqual(HttpStatusCode.Accepted, status);
        await appliance.Services.Jobs.WaitAsync(job.GetProperty("id").GetInt64());
        (_, job) = await appliance.SendAsync(HttpMethod.Get, $"jobs/{job.GetProperty("id").GetInt64()}");
        Assert.AreEqual("succeeded", job.GetProperty("state").GetString(), $"{job}");
        Assert.IsGreaterThan(1L << 20, job.GetProperty("total").GetInt64());
        Assert.AreEqual(job.GetProperty("total").GetInt64(), job.GetProperty("done").GetInt64());
        (_, var after) = await appliance.SendAsync(HttpMethod.Get, "backend");
        Assert.AreEqual(0, after.GetProperty("waitingBytes").GetInt64());
        Assert.IsTrue(after.GetProperty("catalog").GetProperty("current").GetBoolean());
        Assert.AreNotEqual("", after.GetProperty("catalog").GetProperty("savedAt").GetString());
    }

    [TestMethod]
    [FiresEvent(EventCode.CatalogRebuilt)]
    public async Task A_file_that_was_rebuilt_before_the_start_is_told_once()
    {
        await using var appliance = await TestAppliance.StartAsync(prepare: directory =>
        {
            using var metadata = MetadataDatabase.Open(Path.Combine(directory, "lunaria.db"), TimeProvider.System);
            metadata.WriteSetting("rebuilt", "-map.db was rebuilt, because it was missing.");
        });
        appliance.Status.Look();
        appliance.Status.Look();
        var told = appliance.Services.Events.List(long.MaxValue, Severity.Warning, 10).Single(seen => seen.Code == EventCode.CatalogRebuilt);
        StringAssert.StartsWith(told.Message, "map.db was rebuilt, because it was missing. ");
        StringAssert.Contains(told.Message, "lunaria pool audit", "objects of volumes that came and went since the catalog was saved");
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task A_lun_of_a_snapshot_that_a_rebuild_does_not_have_goes_with_it(bool rebuilt)
    {
        void Prepare(string directory)
        {
            using (var metadata = MetadataDatabase.Open(Path.Combine(directory, "lunaria.db"), TimeProvider.System))
                if (rebuilt)
                    metadata.WriteSetting("rebuilt", "-it was imported.");
            using var database = CatalogDatabase.Open(directory);
            new TargetStore(database, SecretBox.Open(directory), TimeProvider.System).Add(new TargetRecord("iqn.2026-11.test:t", [new LunRecord(1, Guid.NewGuid())], []));
        }

        if (!rebuilt)
        {
            await Assert.ThrowsExactlyAsync<InvalidDataException>(() => TestAppliance.StartAsync(prepare: Prepare));
            return;
        }

        await using var appliance = await TestAppliance.StartAsync(prepare: Prepare);
        Assert.IsEmpty(appliance.Services.Targets.List().Single().Luns);
    }

    [TestMethod]
    [FiresEvent(EventCode.CatalogSave)]
    public async Task A_catalog_that_cannot_be_saved_is_an_event_and_so_is_its_return()
    {
        await using var appliance = await TestAppliance.StartAsync();
        appliance.Store.BeforeOperation = key =>
        {
            if (key.StartsWith("catalog/", StringComparison.Ordinal))
                throw new ObjectStoreException(ObjectStoreError.Fatal, "no catalog today");
        };
        var (_, job) = await appliance.SendAsync(HttpMethod.Post, "backend/flush");
        await appliance.Services.Jobs.WaitAsync(job.GetProperty("id").GetInt64());
        (_, job) = await appliance.SendAsync(HttpMethod.Get, $"jobs/{job.GetProperty("id").GetInt64()}");
        Assert.AreEqual("failed", job.GetProperty("state").GetString());
        StringAssert.Contains(job.GetProperty("message").GetString(), "no catalog today");
        appliance.Status.Look();
        Assert.HasCount(1, appliance.Services.Events.List(long.MaxValue, Severity.Warning, 10).Where(seen => seen.Code == EventCode.CatalogSave));
        appliance.Store.BeforeOperation = null;
        (_, job) = await appliance.SendAsync(HttpMethod.Post, "backend/flush");
        await appliance.Services.Jobs.WaitAsync(job.GetProperty("id").GetInt64());
        appliance.Status.Look();
        Assert.HasCount(2, appliance.Services.Events.List(long.MaxValue, Severity.Information, 10).Where(seen => seen.Code == EventCode.CatalogSave));
    }
}
