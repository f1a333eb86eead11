using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// How scarce one space is. A mark is entered at once, and left only where <paramref name="hysteresisPercent"/> of the whole more than it are free and a quarter more of its days
/// are left, so that space around a mark is told once. Owned by the <see cref="SpaceWatch"/>.
/// </summary>
internal sealed class SpaceLevel(double hysteresisPercent)
{
    private const double DaysHysteresis = 1.25;

    /// <summary>Information: enough is free; warning: low; error: about to be out.</summary>
    public Severity Severity { get; private set; } = Severity.Information;

    /// <summary>Takes what is free now and in how many days it will be out (null: not in sight); true where that is another level.</summary>
    public bool Moves(MarkView low, MarkView full, long freeBytes, long totalBytes, double? daysToFull)
    {
        var before = Severity;
        Severity = IsBelow(full, before == Severity.Error) ? Severity.Error : IsBelow(low, before != Severity.Information) ? Severity.Warning : Severity.Information;
        return Severity != before;

        bool IsBelow(MarkView mark, bool entered) =>
            (mark is not { Percent: null, Bytes: null }
                && freeBytes < Math.Max((mark.Percent ?? 0) / 100 * totalBytes, mark.Bytes ?? 0) + (entered ? hysteresisPercent / 100 * totalBytes : 0))
            || daysToFull < mark.Days * (entered ? DaysHysteresis : 1);
    }
}
