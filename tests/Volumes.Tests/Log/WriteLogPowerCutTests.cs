using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Tests.Log;

/// <summary>
/// Random histories of appends, flushes and reclaims, cut off at random points, several lives long: what was flushed is there, and what is there is a
/// prefix of what was appended.
/// </summary>
[TestClass]
public sealed class WriteLogPowerCutTests
{
    private const int Histories = 40, CutsPerHistory = 30;

    public static IEnumerable<object[]> Seeds() => Seed.Many(Histories).Select(seed => (object[])[seed]);

    [TestMethod]
    [DynamicData(nameof(Seeds))]
    public async Task What_was_flushed_survives_and_what_survives_is_a_prefix(int seed)
    {
        Random random = new(seed);
        SimDisk disk = new();
        LogPosition start = LogPosition.Start;
        List<KeptRecord> live = [];
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        int flushed = 0;
        for (int cut = 0; cut < CutsPerHistory; cut++)
        {
            string at = $"seed {seed} cut {cut}";
            for (int step = random.Next(60); step > 0; step--)
            {
                switch (random.Next(12))
                {
                    case 0:
                        await log.FlushAsync();
                        flushed = live.Count;
                        break;
                    case 1 when live.Count > 0:
                        // A publish: whatever it covers is durable elsewhere, flushed here or not.
                        int published = random.Next(1, live.Count + 1);
                        start = live[published - 1].End;
                        log.Reclaim(start);
                        live.RemoveRange(0, published);
                        flushed = Math.Max(0, flushed - published);
                        break;
                    default:
                        if (LogTestBed.TryAppend(log, random.Next(1, 12), fill: random.Next()) is { } record)
                            live.Add(record);
                        break;
                }
            }
            // A killed process loses nothing; the loss of power may.
            bool killed = random.Next(4) == 0;
            disk = killed ? disk.Clone() : disk.PowerCut(random);
            (WriteLog next, List<KeptRecord> replayed) = await LogTestBed.OpenAsync(disk, start);
            Assert.IsGreaterThanOrEqualTo(killed ? live.Count : flushed, replayed.Count, at);
            WriteLogTests.AssertSame(live[..Math.Min(live.Count, replayed.Count)], replayed, at);
            Assert.AreEqual(replayed.Count > 0 ? replayed[^1].End.Lsn : start.Lsn, LastEnd(next, replayed, start), at);
            foreach (KeptRecord record in replayed)
            {
                byte[] payload = new byte[record.BlockCrcs.Length * LogTestBed.Block];
                Assert.IsTrue(next.TryRead(record.PayloadLsn, payload));
                CollectionAssert.AreEqual(record.BlockCrcs, LogTestBed.Crcs(payload), at);
            }
            await log.DisposeAsync();
            (log, live, flushed) = (next, replayed, replayed.Count);
        }
        await log.DisposeAsync();
    }

    // A pad may follow the last record; nothing else may.
    private static ulong LastEnd(WriteLog log, List<KeptRecord> replayed, LogPosition start)
    {
        ulong end = replayed.Count > 0 ? replayed[^1].End.Lsn : start.Lsn;
        return log.NextLsn == end || log.NextLsn % (ulong)LogTestBed.Small.FileBytes == 0 ? end : log.NextLsn;
    }
}
