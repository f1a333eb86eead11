using System.Globalization;
using Lunaria.Testing;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Schedules;

namespace Lunaria.WebUi.Tests.Schedules;

/// <summary>When schedules are due.</summary>
[TestClass]
public sealed class RecurrenceTests
{
    [TestMethod]
    [DataRow(Rhythm.Hourly, "00:15", "2026-11-28 06:14", "2026-11-28 05:15", "2026-11-28 06:15")]
    [DataRow(Rhythm.Hourly, "00:15", "2026-11-28 06:15", "2026-11-28 06:15", "2026-11-28 07:15")]
    [DataRow(Rhythm.Daily, "03:30", "2026-11-28 03:29", "2026-11-27 03:30", "2026-11-28 03:30")]
    [DataRow(Rhythm.Daily, "00:00", "2026-12-31 23:59", "2026-12-31 00:00", "2027-01-01 00:00")]
    [DataRow(Rhythm.Weekly, "03:30", "2026-11-28 06:00", "2026-11-25 03:30", "2026-12-02 03:30")]
    [DataRow(Rhythm.Monthly, "03:30", "2026-02-28 06:00", "2026-02-28 03:30", "2026-03-31 03:30")]
    [DataRow(Rhythm.Monthly, "03:30", "2028-02-29 03:00", "2028-01-31 03:30", "2028-02-29 03:30")]
    public void The_times_before_and_after_a_moment(Rhythm every, string at, string now, string latest, string next)
    {
        var recurrence = new Recurrence(every, TimeOnly.Parse(at, CultureInfo.InvariantCulture), DayOfWeek.Wednesday, 31);
        Assert.AreEqual(Utc(latest), recurrence.LatestAtOrBefore(Utc(now)));
        Assert.AreEqual(Utc(next), recurrence.NextAfter(Utc(now)));
    }

    [TestMethod]
    public void Whatever_the_rhythm_the_next_time_is_the_latest_of_a_later_moment_and_none_is_left_out()
    {
        var seed = Seed.One();
        var random = new Random(seed);
        foreach (var every in Enum.GetValues<Rhythm>())
        {
            var recurrence = new Recurrence(every, new TimeOnly(random.Next(24), random.Next(60)), (DayOfWeek)random.Next(7), random.Next(1, 32));
            var moment = Utc("2026-01-01 00:00").AddMinutes(random.Next(1_000_000));
            for (var i = 0; i < 1000; i++, moment = recurrence.NextAfter(moment).AddSeconds(random.Next(2)))
            {
                var next = recurrence.NextAfter(moment);
                Assert.IsTrue(next > moment, $"seed {seed}");
                Assert.AreEqual(next, recurrence.LatestAtOrBefore(next), $"seed {seed}");
                Assert.IsTrue(recurrence.LatestAtOrBefore(next.AddTicks(-1)) <= moment, $"seed {seed}: {recurrence} leaves one out after {moment}");
            }
        }
    }

    [TestMethod]
    public void Rules_keep_the_newest_of_each_period_and_one_rule_is_enough()
    {
        // Each hour for forty days, oldest first.
        DateTimeOffset[] taken = [.. Enumerable.Range(0, 40 * 24).Select(hour => Utc("2026-10-20 00:05").AddHours(hour))];
        var kept = Retention.Apply(new KeepRules { Last = 2, Hourly = 3, Daily = 4, Weekly = 2, Monthly = 5 }, taken);
        var left = taken.Zip(kept).Where(row => row.Second.Count > 0).Select(row => $"{row.First:MM-dd HH} {string.Join('+', row.Second)}");
        CollectionAssert.AreEqual(
            new[] { "10-31 23 monthly", "11-22 23 weekly", "11-25 23 daily", "11-26 23 daily", "11-27 23 daily", "11-28 21 hourly", "11-28 22 last+hourly", "11-28 23 last+hourly+daily+weekly+monthly" },
            left.ToArray());
        Assert.IsEmpty(Retention.Apply(new KeepRules { Last = 1 }, []));
        Assert.IsNotNull(Retention.FindFault(new KeepRules()));
        Assert.IsNotNull(Retention.FindFault(new KeepRules { Daily = -1 }));
    }

    private static DateTimeOffset Utc(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
