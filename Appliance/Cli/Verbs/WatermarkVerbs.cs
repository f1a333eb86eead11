using System.CommandLine;
using System.Globalization;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria watermarks ...</c>.</summary>
internal static class WatermarkVerbs
{
    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "watermarks",
        "When space of the pool and of the write log counts as scarce.",
        verbs.Create("show", "The watermarks, and how much volumes may promise.", "watermarks show", call =>
            call.ShowAsync(HttpMethod.Get, "watermarks", ApiJson.Default.WatermarksView, marks => Show(marks, call.Output))),
        Set(verbs));

    private static Command Set(VerbFactory verbs)
    {
        var poolLow = Mark("--pool-low", "A warning is told when less of the pool is free, or it is full sooner at the pace of the last week");
        var poolFull = Mark("--pool-full", "An error is told when less of the pool is free");
        var logLow = Mark("--log-low", "A warning is told when less of the write log is free, or it is full sooner at the pace of the last minute");
        var logFull = Mark("--log-full", "An error is told when less of the write log is free");
        var overCommit = new Option<double?>("--over-commit")
        {
            Description = "How many times the pool volumes may promise together, like 3; more is refused. none: no limit.",
            HelpName = "TIMES",
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (text == "none")
                    return 0;
                if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var times) && times > 0)
                    return times;
                result.AddError($"--over-commit {text} is no limit: write how many times the pool may be promised, like 3, or none");
                return null;
            },
        };
        return verbs.Create(
            "set",
            "Say when space counts as scarce, or limit what volumes promise; at once.",
            "watermarks set --pool-low 20%,10GiB,7d --pool-full 5%,1d --log-low 20%,10min --over-commit none",
            call => call.ShowAsync(
                HttpMethod.Patch,
                "watermarks",
                new EditWatermarks { PoolLow = call.Get(poolLow), PoolFull = call.Get(poolFull), LogLow = call.Get(logLow), LogFull = call.Get(logFull), OverCommitLimit = call.Get(overCommit) },
                ApiJson.Default.EditWatermarks,
                ApiJson.Default.WatermarksView,
                marks => Show(marks, call.Output)),
            [poolLow, poolFull, logLow, logFull, overCommit]);
    }

    private static Option<MarkView?> Mark(string name, string description) => new(name)
    {
        Description = $"{description}: {MarkText.Form}.",
        HelpName = "MARK",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (MarkText.TryParse(text, out var mark))
                return mark;
            result.AddError($"{name} {text} is no mark: write {MarkText.Form}");
            return null;
        },
    };

    private static void Show(WatermarksView marks, TextWriter output)
    {
        var table = new TextTable("SPACE", "LOW BELOW", "FULL BELOW");
        table.Add("pool", MarkText.Write(marks.PoolLow), MarkText.Write(marks.PoolFull));
        table.Add("log", MarkText.Write(marks.LogLow), MarkText.Write(marks.LogFull));
        table.Write(output);
        output.WriteLine(marks.OverCommitLimit is { } limit ? $"volumes may promise {limit:0.##} times the pool" : "volumes may promise any size");
    }
}
