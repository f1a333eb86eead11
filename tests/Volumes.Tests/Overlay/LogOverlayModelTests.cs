using Lunaria.Volumes.Overlay;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Tests.Overlay;

/// <summary>Random histories against arrays that hold what each block is.</summary>
[TestClass]
public sealed class LogOverlayModelTests
{
    private const int Blocks = 3000;

    public static IEnumerable<object[]> Seeds() => Seed.Many(12).Select(seed => (object[])[seed]);

    [TestMethod]
    [DynamicData(nameof(Seeds))]
    public void Random_writes_trims_and_publishes_agree_with_the_model(int seed)
    {
        Random random = new(seed);
        LogOverlay overlay = new();
        OverlayLookup[] model = new OverlayLookup[Blocks], under = new OverlayLookup[Blocks];
        // An index of a block in a segment is an int, here up to 3000 strides.
        ulong stride = 1UL << random.Next(19), nextLsn = 4096;
        int maxTrim = random.Next(2) == 0 ? 8 : 600;
        // Only blocks that are multiples of the stride are used: huge trims on few entries.
        for (int step = 0; step < 6000; step++)
        {
            int block = random.Next(Blocks), length = Math.Min(random.Next(1, maxTrim), Blocks - block);
            switch (random.Next(step % 2000 < 1000 ? 3 : 12))
            {
                case < 2:
                    overlay.Insert((ulong)block * stride, nextLsn, (uint)step);
                    model[block] = new(OverlayKind.Log, nextLsn, (uint)step);
                    break;
                case 2 when random.Next(2) == 0:
                    SegmentPlace place = new(new((uint)random.Next(1, 4)), random.Next(9));
                    overlay.Share((ulong)block * stride, (ulong)length * stride, nextLsn, place);
                    for (int i = block; i < block + length; i++)
                        model[i] = under[i] = new(OverlayKind.Segment, nextLsn, 0, place.Skip((ulong)(i - block) * stride));
                    break;
                case 2:
                    overlay.Trim((ulong)block * stride, (ulong)length * stride, nextLsn);
                    for (int i = block; i < block + length; i++)
                        model[i] = under[i] = new(OverlayKind.Hole, nextLsn, 0);
                    break;
                case 3 when random.Next(40) == 0:
                    Publish(overlay, model, under, stride, nextLsn - (ulong)(4096 * random.Next(200)));
                    break;
                default:
                    Assert.AreEqual(model[block], overlay.Lookup((ulong)block * stride), $"seed {seed} step {step} block {block}");
                    break;
            }
            nextLsn += 4096;
        }
        Compare(overlay, model, stride, seed);
        Publish(overlay, model, under, stride, ulong.MaxValue);
        Assert.AreEqual(0, overlay.Count + overlay.RangeCount, $"seed {seed}");
    }

    private static void Publish(LogOverlay overlay, OverlayLookup[] model, OverlayLookup[] under, ulong stride, ulong upTo)
    {
        List<OverlayEntry> entries = [];
        List<OverlayRange> trims = [];
        for (int part = 0; part < LogOverlay.Parts; part++)
            overlay.CopyEntriesBelow(part, upTo, entries);
        overlay.CopyRangesBelow(upTo, trims);
        Assert.AreEqual(model.Count(known => known.Kind == OverlayKind.Log && known.Lsn < upTo), entries.Count);
        for (int i = 1; i < trims.Count; i++)
            Assert.IsGreaterThanOrEqualTo(trims[i - 1].StartBlock + trims[i - 1].LengthBlocks, trims[i].StartBlock);
        overlay.RemoveRangesBelow(upTo);
        foreach (OverlayEntry entry in entries)
            Assert.IsTrue(overlay.RemoveIfEquals(entry.Block, entry.Lsn));
        for (int i = 0; i < model.Length; i++)
        {
            if (under[i].Lsn < upTo)
                under[i] = default;
            if (model[i].Lsn < upTo)
                model[i] = model[i].Kind == OverlayKind.Log ? under[i] : default;
        }
        Assert.AreEqual(0, trims.Count(trim => trim.Lsn >= upTo || trim.StartBlock % stride != 0));
    }

    private static void Compare(LogOverlay overlay, OverlayLookup[] model, ulong stride, int seed)
    {
        for (int i = 0; i < Blocks; i++)
            Assert.AreEqual(model[i], overlay.Lookup((ulong)i * stride), $"seed {seed} block {i}");
        if (stride > 1)
            return;
        uint[] crcs = new uint[Blocks];
        for (int at = 0; at < Blocks;)
        {
            OverlayRun run = overlay.LookupRun((ulong)at, Blocks - at, crcs);
            for (int i = 0; i < run.LengthBlocks; i++)
            {
                Assert.AreEqual(model[at + i].Kind, run.Kind, $"seed {seed} block {at + i}");
                Assert.AreEqual(model[at + i].Place, run.Place.Skip((ulong)i), $"seed {seed} block {at + i}");
                if (run.Kind == OverlayKind.Log)
                    Assert.AreEqual(model[at + i], new OverlayLookup(run.Kind, run.Lsn + (4096UL * (ulong)i), crcs[i]), $"seed {seed} block {at + i}");
            }
            at += run.LengthBlocks;
        }
    }
}
