using System.Text.Json;
using Lunaria.Backends.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>Components are dumped, cleared and destroyed only while nobody uses them, and only by the name of their pool.</summary>
[TestClass]
public sealed class ComponentToolsTests
{
    [TestMethod]
    public async Task A_dump_has_labels_and_objects()
    {
        var disk = new SimDisk();
        await using (LocalPool pool = await ComponentChangeTests.OpenAsync(disk, "c0", "c1"))
            await pool.PutIfAbsentAsync("an/object", Content.Of("x", 5000), CancellationToken.None);
        disk.Corrupt("c0", 300, 1);
        string[] dumps = [await DumpAsync(disk, "c0"), await DumpAsync(disk, "c1")];
        JsonElement first = JsonSerializer.Deserialize<JsonElement>(dumps[0]);
        Assert.AreEqual("Damaged", first.GetProperty("frontLabel").GetString());
        Assert.AreEqual("test", first.GetProperty("pool").GetString());
        Assert.AreEqual(2, first.GetProperty("members").GetArrayLength());
        JsonElement[] records = [.. dumps.SelectMany(dump => JsonSerializer.Deserialize<JsonElement>(dump).GetProperty("records").EnumerateArray())];
        CollectionAssert.AreEqual(new[] { "an/object", "an/object" }, records.Select(record => record.GetProperty("key").GetString()).ToArray());
    }

    [TestMethod]
    public async Task What_is_foreign_in_use_or_named_otherwise_is_not_cleared()
    {
        var disk = new SimDisk();
        disk.Open("foreign", create: true).Write(0, [1, 2, 3]);
        await RefusesAsync(() => ComponentTools.ClearAsync(ComponentChangeTests.Source(disk, "foreign"), "test"), "no label");
        await using (await ComponentChangeTests.OpenAsync(disk, "c0", "c1"))
            await RefusesAsync(() => ComponentTools.ClearAsync(ComponentChangeTests.Source(disk, "c0"), "test"), "an appliance has it");
        await RefusesAsync(() => ComponentTools.ClearAsync(ComponentChangeTests.Source(disk, "c0"), "other"), "'test', not to 'other'");
        await RefusesAsync(() => ComponentTools.ClearAsync(ComponentChangeTests.Source(disk, "nowhere"), "test"), "does not exist");
        await RefusesAsync(async () => await ComponentTools.DestroyAsync(ComponentChangeTests.Source(disk, "c0"), "test", _ => null), "is not there");

        await using LocalPool whole = await ComponentChangeTests.OpenAsync(disk, "c0", "c1");
        Assert.AreEqual(0, whole.Findings.Count);
    }

    [TestMethod]
    public async Task A_pool_is_destroyed_by_one_of_its_components()
    {
        var disk = new SimDisk();
        await (await ComponentChangeTests.OpenAsync(disk, "c0", "c1")).DisposeAsync();
        IReadOnlyList<string> cleared = await ComponentTools.DestroyAsync(
            ComponentChangeTests.Source(disk, "c1"), "test", path => ComponentChangeTests.Source(disk, path["/pool/".Length..]));
        Assert.AreEqual(2, cleared.Count);
        Assert.IsFalse(disk.Exists("c0") || disk.Exists("c1"));
    }

    private static async Task<string> DumpAsync(SimDisk disk, string name) => await ComponentTools.DumpAsync(ComponentChangeTests.Source(disk, name));

    private static async Task RefusesAsync(Func<ValueTask> call, string part)
    {
        ObjectStoreException refused = await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () => await call());
        StringAssert.Contains(refused.Message, part);
    }
}
