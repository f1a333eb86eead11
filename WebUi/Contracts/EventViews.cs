using System.Text.Json.Serialization;

namespace Lunaria.WebUi.Contracts;

/// <summary>How much an event matters. The numbers are in lunaria.db.</summary>
[JsonConverter(typeof(EnumWords<Severity>))]
public enum Severity
{
    /// <summary>Worth knowing.</summary>
    Information = 1,
    /// <summary>Needs a look soon.</summary>
    Warning = 2,
    /// <summary>Something does not work, or data is in danger.</summary>
    Error = 3,
}

/// <summary>
/// Something an administrator should know. <paramref name="Code"/> is stable, see docs/API.md; <paramref name="Subject"/>: the thing it is about.
/// </summary>
public sealed record EventView(long Id, DateTimeOffset Time, string Code, Severity Severity, string Subject, string Message);

/// <summary>A message of the live stream: the appliance at a glance with the load of the last second, or an event that has just happened.</summary>
public sealed record LiveView(StatusView? Status, EventView? Event, LoadSampleView? Load = null);
