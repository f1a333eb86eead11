using System.CommandLine;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria schedule ...</c>.</summary>
internal static class ScheduleVerbs
{
    private static readonly string[] RuleNames = ["last", "hourly", "daily", "weekly", "monthly"];

    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "schedule",
        "Schedules: snapshots that are taken by themselves, and which of them stay.",
        CreateSchedule(verbs),
        verbs.Create("list", "All schedules.", "schedule list", call =>
            call.ShowAsync(HttpMethod.Get, "schedules", ApiJson.Default.IReadOnlyListScheduleView, schedules => Show(schedules, call.Output))),
        ShowSchedule(verbs),
        Edit(verbs),
        Preview(verbs),
        Run(verbs),
        Delete(verbs));

    private static Argument<string> Name => new("NAME") { Description = "The schedule's name." };

    private static Option<int?>[] KeepOptions => [.. RuleNames.Select(rule => new Option<int?>($"--keep-{rule}")
    {
        Description = rule == "last" ? "Keep the newest so many." : $"Keep the newest of each {Period(rule)}, for so many.",
        HelpName = "NUMBER",
    })];

    private static Command CreateSchedule(VerbFactory verbs)
    {
        var name = new Argument<string>("NAME") { Description = "Its name; its snapshots are called NAME-YYYYMMDD-HHMMSS." };
        var volumes = new Argument<string[]>("VOLUME") { Description = "The volumes; several are taken at one point in the order of their writes.", Arity = ArgumentArity.OneOrMore };
        var every = new Option<string>("--every") { Description = "hour, day, week or month.", HelpName = "PERIOD", Required = true };
        every.AcceptOnlyFromAmong("hour", "day", "week", "month");
        var at = new Option<string?>("--at") { Description = "Time of the day in UTC; of the hour the minutes count. 00:00 where left out.", HelpName = "HH:MM" };
        var weekday = new Option<DayOfWeek>("--weekday") { Description = "Of weekly ones; Monday where left out.", HelpName = "DAY", DefaultValueFactory = _ => DayOfWeek.Monday };
        var day = new Option<int>("--day") { Description = "Of monthly ones, 1 to 31; the first where left out.", HelpName = "NUMBER", DefaultValueFactory = _ => 1 };
        var keep = KeepOptions;
        return verbs.Create(
            "create",
            "Create a schedule. One that is there with the same values is fine.",
            "schedule create nightly disk1 --every day --at 03:30 --keep-daily 7 --keep-weekly 4",
            call => call.ShowAsync(
                HttpMethod.Post,
                "schedules",
                new CreateSchedule
                {
                    Name = call.Get(name),
                    Volumes = call.Get(volumes),
                    Every = call.Get(every) switch { "hour" => Rhythm.Hourly, "day" => Rhythm.Daily, "week" => Rhythm.Weekly, _ => Rhythm.Monthly },
                    At = call.Get(at),
                    Weekday = call.Get(weekday),
                    Day = call.Get(day),
                    Keep = Rules(call, keep) ?? new KeepRules(),
                },
                ApiJson.Default.CreateSchedule,
                ApiJson.Default.ScheduleView,
                view => Show([view], call.Output)),
            [name, volumes, every, at, weekday, day, .. keep]);
    }

    private static Command ShowSchedule(VerbFactory verbs)
    {
        var name = Name;
        return verbs.Create(
            "show",
            "One schedule.",
            "schedule show nightly",
            call => call.ShowAsync(HttpMethod.Get, PathOf(call.Get(name)), ApiJson.Default.ScheduleView, view =>
            {
                Show([view], call.Output);
                if (view.LastError != null)
                    call.Output.WriteLine($"the last run failed: {view.LastError}");
            }),
            [name]);
    }

    private static Command Edit(VerbFactory verbs)
    {
        var name = Name;
        var volumes = new Option<string[]?>("--volume") { Description = "Its volumes, all of them; may be given several times.", HelpName = "NAME" };
        var pause = new Option<bool>("--pause") { Description = "It does not run until --resume." };
        var resume = new Option<bool>("--resume") { Description = "It runs again." };
        var keep = KeepOptions;
        return verbs.Create(
            "edit",
            "Change a schedule's volumes or rules, or pause it. Rules that are given replace all of them.",
            "schedule edit nightly --keep-daily 14",
            call => call.ShowAsync(
                HttpMethod.Patch,
                PathOf(call.Get(name)),
                new EditSchedule
                {
                    Volumes = call.Get(volumes) is { Length: > 0 } given ? given : null,
                    Keep = Rules(call, keep),
                    Paused = call.Get(pause) ? true : call.Get(resume) ? false : null,
                },
                ApiJson.Default.EditSchedule,
                ApiJson.Default.ScheduleView,
                view => Show([view], call.Output)),
            [name, volumes, pause, resume, .. keep]);
    }

    private static Command Preview(VerbFactory verbs)
    {
        var name = Name;
        var keep = KeepOptions;
        return verbs.Create(
            "preview",
            "What a run now would do to the schedule's snapshots, by its own rules or by those given.",
            "schedule preview nightly --keep-daily 3",
            call => call.ShowAsync(
                HttpMethod.Get,
                $"{PathOf(call.Get(name))}/preview?{string.Join('&', RuleNames.Zip(keep).Where(rule => call.Get(rule.Second) != null).Select(rule => $"{rule.First}={call.Get(rule.Second)}"))}",
                ApiJson.Default.IReadOnlyListScheduledSnapshotView,
                snapshots =>
                {
                    var table = new TextTable("VOLUME", "SNAPSHOT", "TAKEN (UTC)", "A RUN NOW");
                    foreach (var snapshot in snapshots)
                        table.Add(snapshot.Volume, snapshot.Snapshot, $"{snapshot.Created.UtcDateTime:yyyy-MM-dd HH:mm:ss}", snapshot.KeptBy.Count == 0 ? "deletes it" : $"keeps it ({string.Join(", ", snapshot.KeptBy)})");
                    table.Write(call.Output);
                }),
            [name, .. keep]);
    }

    private static Command Run(VerbFactory verbs)
    {
        var name = Name;
        return verbs.Create(
            "run",
            "Run a schedule now. When it is due next does not change.",
            "schedule run nightly",
            call => call.ShowAsync(HttpMethod.Post, $"{PathOf(call.Get(name))}/run", ApiJson.Default.ScheduleRunView, run =>
            {
                call.Output.WriteLine($"took {run.Snapshot} of {string.Join(", ", run.Volumes)}");
                foreach (var deleted in run.Deleted)
                    call.Output.WriteLine($"deleted {deleted}");
            }),
            [name]);
    }

    private static Command Delete(VerbFactory verbs)
    {
        var name = Name;
        return verbs.Create(
            "delete",
            "Delete a schedule; the snapshots that it took stay.",
            "schedule delete nightly --yes",
            call =>
            {
                call.Confirm($"The schedule {call.Get(name)} goes.");
                return call.DoAsync(HttpMethod.Delete, PathOf(call.Get(name)), $"deleted {call.Get(name)}");
            },
            [name],
            asks: true);
    }

    private static void Show(IEnumerable<ScheduleView> schedules, TextWriter output)
    {
        var table = new TextTable("NAME", "VOLUMES", "EVERY", "KEEP", "NEXT RUN (UTC)", "LAST RUN (UTC)");
        foreach (var schedule in schedules)
            table.Add(schedule.Name, string.Join(", ", schedule.Volumes), When(schedule), Rules(schedule.Keep), schedule.Paused ? "paused" : Time(schedule.NextRun), Time(schedule.LastRun));
        table.Write(output);
    }

    private static string When(ScheduleView schedule) => schedule.Every switch
    {
        Rhythm.Hourly => $"hour at :{schedule.At[3..]}",
        Rhythm.Daily => $"day at {schedule.At}",
        Rhythm.Weekly => $"{schedule.Weekday} at {schedule.At}",
        _ => $"month, day {schedule.Day} at {schedule.At}",
    };

    private static string Rules(KeepRules keep) =>
        string.Join(", ", RuleNames.Zip([keep.Last, keep.Hourly, keep.Daily, keep.Weekly, keep.Monthly]).Where(rule => rule.Second > 0).Select(rule => $"{rule.Second} {rule.First}"));

    private static KeepRules? Rules(VerbCall call, Option<int?>[] options)
    {
        int?[] given = [.. options.Select(call.Get)];
        return given.All(count => count == null)
            ? null
            : new KeepRules { Last = given[0] ?? 0, Hourly = given[1] ?? 0, Daily = given[2] ?? 0, Weekly = given[3] ?? 0, Monthly = given[4] ?? 0 };
    }

    private static string Period(string rule) => rule == "daily" ? "day" : rule[..^2];

    private static string? Time(DateTimeOffset? time) => time == null ? null : $"{time.Value.UtcDateTime:yyyy-MM-dd HH:mm}";

    private static string PathOf(string name) => $"schedules/{VerbCall.Part(name)}";
}
