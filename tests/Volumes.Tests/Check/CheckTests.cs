using Lunaria.Volumes.Check;
using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.Check;

/// <summary>A check finds nothing where nothing is wrong, and every planted damage by its name; what it repairs is what was there.</summary>
[TestClass]
public sealed class CheckTests
{
    /// <summary>What a check puts right itself.</summary>
    private static readonly HashSet<string> Repairable =
    [
        CheckKinds.MapNextSequence, CheckKinds.MapNextSegment, CheckKinds.MapMappedBlocks, CheckKinds.MapReferences, CheckKinds.MapLeafDamaged, CheckKinds.MapPresenceMissing,
        CheckKinds.MetaLineShort, CheckKinds.MetaNextNumber, CheckKinds.ObjectOrphan, CheckKinds.SuperblockMissing,
    ];

    public static IEnumerable<object[]> Damages => PlantedDamage.All.Select(damage => new object[] { damage.Kind });

    [TestMethod]
    public async Task Nothing_is_found_where_nothing_is_wrong()
    {
        (EngineBed bed, Dictionary<string, byte[]> shown) = await DamageBed.PrepareAsync();
        await using (bed)
        {
            CheckReport report = await DamageBed.CheckAsync(bed);
            Assert.IsEmpty(report.Findings, string.Join('\n', report.Findings));
            Assert.IsTrue(report is { Leaves: > 3, Segments: > 10, BlocksRead: > 100, LogRecords: >= 3 }, $"{report}");
            Assert.IsTrue((await DamageBed.CheckAsync(bed, repair: true)).IsSound);
            await bed.StartAsync();
            AssertSame(shown, await DamageBed.ReadAsync(bed));
        }
    }

    [TestMethod]
    [DynamicData(nameof(Damages))]
    public async Task Every_damage_is_found_by_name(string kind)
    {
        (EngineBed bed, Dictionary<string, byte[]> shown) = await DamageBed.PrepareAsync();
        await using (bed)
        {
            PlantedDamage.All.First(damage => damage.Kind == kind).Plant(bed);
            CheckReport report = await DamageBed.CheckAsync(bed);
            Assert.Contains(kind, report.Findings.Select(finding => finding.Kind), string.Join('\n', report.Findings));
            Assert.IsFalse(report.IsSound);
            if (!Repairable.Contains(kind))
                return;
            CheckReport repaired = await DamageBed.CheckAsync(bed, repair: true);
            Assert.IsTrue(repaired.IsSound, string.Join('\n', repaired.Findings));
            CheckReport after = await DamageBed.CheckAsync(bed);
            Assert.IsEmpty(after.Findings, string.Join('\n', after.Findings));
            await bed.StartAsync();
            if (kind != CheckKinds.MetaLineShort)
                AssertSame(shown, await DamageBed.ReadAsync(bed));
        }
    }

    [TestMethod]
    public async Task A_damaged_leaf_that_names_blocks_copied_by_reference_is_not_guessed()
    {
        (EngineBed bed, _) = await DamageBed.PrepareAsync();
        await using (bed)
        {
            await bed.StartAsync();
            Volume source = bed.Manager.Find("w")!, copy = await bed.CreateAsync("copy", source.SizeBytes);
            await bed.Manager.DestageAsync(checkpoint: true);
            Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.CloneRangeAsync(source, 0, copy, 0, source.SizeBytes));
            await bed.Manager.DestageAsync(checkpoint: true);
            await bed.Manager.DisposeAsync();
            PlantedDamage.DamageSharedLeaf(bed);
            CheckReport report = await DamageBed.CheckAsync(bed, repair: true);
            Assert.IsTrue(report.Findings.Any(finding => finding is { Kind: CheckKinds.MapLeafDamaged, Repaired: false }), string.Join('\n', report.Findings));
            Assert.IsFalse(report.IsSound);
        }
    }

    [TestMethod]
    public void Every_kind_has_a_meaning_and_is_planted()
    {
        CollectionAssert.AreEquivalent(CheckKinds.Meaning.Keys.ToArray(), PlantedDamage.All.Select(damage => damage.Kind).ToArray());
        Assert.IsGreaterThan(30, PlantedDamage.All.Count);
    }

    private static void AssertSame(Dictionary<string, byte[]> expected, Dictionary<string, byte[]> actual)
    {
        CollectionAssert.AreEquivalent(expected.Keys.ToArray(), actual.Keys.ToArray());
        foreach ((string name, byte[] content) in expected)
            Assert.IsTrue(content.AsSpan().SequenceEqual(actual[name]), name);
    }
}
