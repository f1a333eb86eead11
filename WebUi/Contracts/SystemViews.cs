using System.Text.Json;

namespace Lunaria.WebUi.Contracts;

/// <summary>
/// A setting of appliance.json and the command line. <paramref name="Value"/> and <paramref name="Default"/>: as JSON; a secret shows as ***.
/// <paramref name="Live"/>: a change takes effect at once, else at the next start.
/// </summary>
public sealed record SettingView(string Key, JsonElement? Value, JsonElement? Default, string Description, bool Live);

/// <summary>Settings to change, by key; null = back to the default.</summary>
public sealed record SetSettings
{
    /// <summary>The values, as they would stand in appliance.json.</summary>
    public required IReadOnlyDictionary<string, JsonElement?> Values { get; init; }

    /// <summary>Only say what would change.</summary>
    public bool DryRun { get; set; }
}

/// <summary>A setting that changes; <paramref name="Live"/>: at once, else at the next start.</summary>
public sealed record SettingChangeView(string Key, JsonElement? Before, JsonElement? After, bool Live);

/// <summary>An entry of the audit log: who changed what, from where, the thing before and after.</summary>
public sealed record AuditView(
    long Id, DateTimeOffset Time, string Who, string Origin, string Action, string Subject, JsonElement? Before, JsonElement? After);

/// <summary>
/// Why a request was refused (RFC 9457). <paramref name="Type"/> is stable, see docs/API.md; <paramref name="Detail"/> names thing, cause and remedy;
/// <paramref name="Field"/> the wrong field of the request.
/// </summary>
public sealed record ProblemView(string Type, string Title, int Status, string Detail, string? Field);
