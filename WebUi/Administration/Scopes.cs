namespace Lunaria.WebUi.Administration;

/// <summary>What somebody may do. The numbers are in lunaria.db.</summary>
[Flags]
public enum Scopes
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>See everything but secrets.</summary>
    Read = 1,
    /// <summary>Change volumes, snapshots and schedules.</summary>
    Volumes = 2,
    /// <summary>Change targets, LUNs and who may log in; close sessions.</summary>
    Targets = 4,
    /// <summary>Change users, tokens and settings.</summary>
    System = 8,
    /// <summary>Everything: the role of an administrator.</summary>
    All = Read | Volumes | Targets | System,
}

/// <summary>Who asks. <paramref name="Origin"/>: from where, as an address, or the part of the appliance that acts by itself.</summary>
public sealed record Actor(string Name, Scopes Scopes, string Origin)
{
    /// <summary>The appliance itself, carrying out what appliance.json says.</summary>
    public static Actor Bootstrap { get; } = new("appliance.json", Scopes.All, "start");

    /// <summary>The number of the log-in or token by which he came; null for the token file.</summary>
    public long? TokenId { get; init; }

    /// <summary>The entity tag that the thing to change must have (If-Match); null = whatever it is.</summary>
    public string? IfMatch { get; init; }

    /// <summary>True where he came by the cookie of a log-in, so that changes need the antiforgery header.</summary>
    public bool ByCookie { get; init; }
}
