using System.Globalization;
using Lunaria.Appliance.Settings;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary>A watermark as people write it: "20%, 100GiB, 7d", some of them or "none". Pure.</summary>
internal static class MarkText
{
    /// <summary>What <see cref="TryParse"/> takes, for messages.</summary>
    public const string Form = "a percent, a size and a time until space is out, or some of them, like \"20%, 100GiB, 7d\"; \"none\" for no mark";

    /// <summary>Reads a mark; false where a part is none of the three, or one of them is there twice.</summary>
    public static bool TryParse(string text, out MarkView mark)
    {
        mark = new MarkView();
        if (text == "none")
            return true;
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (part.EndsWith('%') && mark.Percent is null && TryNumber(part[..^1], out var percent))
                mark = mark with { Percent = percent };
            else if (mark.Bytes is null && ByteSize.TryParse(part, out var size))
                mark = mark with { Bytes = size.Bytes };
            else if (part.EndsWith('d') && mark.Days is null && TryNumber(part[..^1], out var days))
                mark = mark with { Days = days };
            else if (mark.Days is null && Duration.TryParse(part, out var duration))
                mark = mark with { Days = duration.Value.TotalDays };
            else
                return false;
        }

        return true;
    }

    /// <summary>What <see cref="TryParse"/> reads back.</summary>
    public static string Write(MarkView mark)
    {
        string?[] parts =
        [
            mark.Percent is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{percent}%") : null,
            mark.Bytes is { } bytes ? new ByteSize(bytes).ToString() : null,
            mark.Days is { } days ? days >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{days}d") : new Duration(TimeSpan.FromMilliseconds(Math.Round(days * 86_400_000))).ToString() : null,
        ];
        return parts.Any(part => part is not null) ? string.Join(", ", parts.Where(part => part is not null)) : "none";
    }

    private static bool TryNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
}
