using System.Text.Json.Serialization;
using Lunaria.WebUi.Administration;

namespace Lunaria.WebUi.Contracts;

/// <summary>What somebody may do, by words.</summary>
[JsonConverter(typeof(EnumWords<Role>))]
public enum Role
{
    /// <summary>See everything but secrets.</summary>
    ReadOnly = Scopes.Read,
    /// <summary>Everything.</summary>
    Administrator = Scopes.All,
}

/// <summary>A part of what may be done, for tokens of scripts.</summary>
[JsonConverter(typeof(EnumWords<Scope>))]
public enum Scope
{
    /// <summary>See everything but secrets.</summary>
    Read = Scopes.Read,
    /// <summary>Change volumes, snapshots and schedules.</summary>
    Volumes = Scopes.Volumes,
    /// <summary>Change targets, LUNs and who may log in; close sessions.</summary>
    Targets = Scopes.Targets,
    /// <summary>Change users, tokens and settings.</summary>
    System = Scopes.System,
}

/// <summary>A person who may log in.</summary>
public sealed record UserView(string Name, Role Role, DateTimeOffset PasswordChanged);

/// <summary>A user to create or to change.</summary>
public sealed record SetUser
{
    /// <summary>8 to 128 characters. Kept as a hash.</summary>
    public required string Password { get; init; }

    /// <summary>What he may do; as it is, or administrator for a new user, where left out.</summary>
    public Role? Role { get; init; }

    /// <summary>Without the password.</summary>
    public override string ToString() => $"role {Role}";
}

/// <summary>A token of a script. The token itself was shown once, when it was made.</summary>
public sealed record TokenView(long Id, string Name, IReadOnlyList<Scope> Scopes, DateTimeOffset Created, DateTimeOffset Expires);

/// <summary>A token to make.</summary>
public sealed record CreateToken
{
    /// <summary>What it is for; shows in the audit log.</summary>
    public required string Name { get; init; }

    /// <summary>What it may do; not more than who makes it. Only to see where left out.</summary>
    public IReadOnlyList<Scope>? Scopes { get; set; }

    /// <summary>How long it is valid, days: 1 to 3650.</summary>
    public int Days { get; set; } = 365;
}

/// <summary>A token that was made. <paramref name="Secret"/> goes into the header <c>Authorization: Bearer</c>; it is shown only now.</summary>
public sealed record NewTokenView(TokenView Token, string Secret)
{
    /// <summary>Without the secret.</summary>
    public override string ToString() => Token.ToString();
}

/// <summary>A log-in: with name and password, or with the content of the token file. Answered with a cookie.</summary>
public sealed record LogIn
{
    /// <summary>The user.</summary>
    public string? Name { get; init; }

    /// <summary>His password.</summary>
    public string? Password { get; init; }

    /// <summary>The content of the data directory's token file, instead.</summary>
    public string? Token { get; init; }

    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"user {Name}";
}

/// <summary>The first user, made by who has read the one-time code that the program prints. Answered with a cookie.</summary>
public sealed record SetUp
{
    /// <summary>The code.</summary>
    public required string Code { get; init; }

    /// <summary>The administrator's name.</summary>
    public string Name { get; set; } = "admin";

    /// <summary>His password, 8 to 128 characters.</summary>
    public required string Password { get; init; }

    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"user {Name}";
}

/// <summary>
/// Who asks. <paramref name="Antiforgery"/>: what changes must carry in the header X-Lunaria-Antiforgery where he came by cookie.
/// <paramref name="FirstRun"/>: nobody has a password yet.
/// </summary>
public sealed record WhoView(string? Name, IReadOnlyList<Scope> Scopes, string? Antiforgery, bool FirstRun);
