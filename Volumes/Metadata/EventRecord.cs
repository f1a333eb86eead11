namespace Lunaria.Volumes.Metadata;

/// <summary>Something an operator should know, kept in lunaria.db. <paramref name="Subject"/>: the thing it is about, by name.</summary>
public sealed record EventRecord(long Id, DateTimeOffset Time, EventSeverity Severity, string Subject, string Message);

/// <summary>How much an event matters. The numbers are in lunaria.db.</summary>
public enum EventSeverity
{
    /// <summary>Worth knowing.</summary>
    Information = 1,
    /// <summary>Needs a look soon.</summary>
    Warning = 2,
    /// <summary>Something does not work, or data is damaged.</summary>
    Error = 3,
}
