using System.Globalization;

namespace Lunaria.Appliance.Settings;

/// <summary>A span of time as people write it: "500ms", "30s", "5min", "2h". A bare number is refused. Immutable; any thread.</summary>
internal readonly record struct Duration(TimeSpan Value) : IComparable<Duration>
{
    /// <summary>What <see cref="TryParse"/> takes, as a regular expression for the schema.</summary>
    public const string Pattern = "^[0-9]+(\\.[0-9]+)? ?(ms|s|min|h)$";

    private static readonly (string Unit, long Milliseconds)[] Units = [("ms", 1), ("min", 60_000), ("s", 1_000), ("h", 3_600_000)];

    /// <summary>Whole seconds.</summary>
    public static Duration Seconds(long count) => new(TimeSpan.FromSeconds(count));

    /// <summary>Reads a number with a unit; false where it is neither, or no whole number of milliseconds below one year.</summary>
    public static bool TryParse(string text, out Duration duration)
    {
        duration = default;
        foreach (var (unit, milliseconds) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal))
                continue;
            var number = text.AsSpan(0, text.Length - unit.Length);
            if (number.EndsWith(" "))
                number = number[..^1];
            if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) || count > 31_536_000_000m / milliseconds)
                return false;
            var value = count * milliseconds;
            duration = new Duration(TimeSpan.FromMilliseconds((double)value));
            return value == decimal.Truncate(value);
        }

        return false;
    }

    /// <summary>Orders by length.</summary>
    public int CompareTo(Duration other) => Value.CompareTo(other.Value);

    /// <summary>The largest unit that gives a whole number; what <see cref="TryParse"/> reads back.</summary>
    public override string ToString()
    {
        var milliseconds = (long)Value.TotalMilliseconds;
        if (milliseconds == 0)
            return "0s";
        return milliseconds % 3_600_000 == 0 ? $"{milliseconds / 3_600_000}h"
            : milliseconds % 60_000 == 0 ? $"{milliseconds / 60_000}min"
            : milliseconds % 1_000 == 0 ? $"{milliseconds / 1_000}s"
            : $"{milliseconds}ms";
    }
}
