using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Schedules;

/// <summary>
/// When a schedule is due, in UTC. <paramref name="Weekday"/> counts for weekly ones, <paramref name="Day"/> (1 to 31) for monthly ones. Pure; any thread.
/// </summary>
internal sealed record Recurrence(Rhythm Every, TimeOnly At, DayOfWeek Weekday, int Day)
{
    private const int DaysOfWeek = 7, MonthsOfYear = 12;

    /// <summary>The last time it was due.</summary>
    public DateTimeOffset LatestAtOrBefore(DateTimeOffset now)
    {
        var period = PeriodOf(Every, now);
        return DueIn(period) <= now ? DueIn(period) : DueIn(period - 1);
    }

    /// <summary>The next time it is due.</summary>
    public DateTimeOffset NextAfter(DateTimeOffset now)
    {
        var period = PeriodOf(Every, now);
        return DueIn(period) > now ? DueIn(period) : DueIn(period + 1);
    }

    /// <summary>Number of the hour, day, week (they begin on Mondays) or month that a moment is in.</summary>
    public static long PeriodOf(Rhythm rhythm, DateTimeOffset moment)
    {
        var sinceEpoch = moment - DateTimeOffset.UnixEpoch;
        return rhythm switch
        {
            Rhythm.Hourly => sinceEpoch.Ticks / TimeSpan.TicksPerHour,
            Rhythm.Daily => sinceEpoch.Ticks / TimeSpan.TicksPerDay,
            // 1970 began on a Thursday.
            Rhythm.Weekly => ((sinceEpoch.Ticks / TimeSpan.TicksPerDay) + 3) / DaysOfWeek,
            _ => (moment.UtcDateTime.Year * MonthsOfYear) + moment.UtcDateTime.Month - 1,
        };
    }

    private DateTimeOffset DueIn(long period)
    {
        var epoch = DateTimeOffset.UnixEpoch;
        switch (Every)
        {
            case Rhythm.Hourly:
                return epoch.AddHours(period).AddMinutes(At.Minute);
            case Rhythm.Daily:
                return epoch.AddDays(period) + At.ToTimeSpan();
            case Rhythm.Weekly:
                return epoch.AddDays((period * DaysOfWeek) - 3 + (((int)Weekday + DaysOfWeek - 1) % DaysOfWeek)) + At.ToTimeSpan();
            default:
                var (year, month) = ((int)(period / MonthsOfYear), (int)(period % MonthsOfYear) + 1);
                return new DateTimeOffset(year, month, Math.Min(Day, DateTime.DaysInMonth(year, month)), 0, 0, 0, TimeSpan.Zero) + At.ToTimeSpan();
        }
    }
}
