using Lunaria.Iscsi.Login;

namespace Lunaria.Iscsi;

/// <summary>Settings of one target. Immutable.</summary>
public sealed record IscsiTargetOptions
{
    /// <summary>A name for humans (TargetAlias, RFC 7143 13.7), or null.</summary>
    public string? Alias { get; init; }

    /// <summary>Who may log in. Default: everybody, without authentication. An empty list admits nobody.</summary>
    public IReadOnlyList<InitiatorAccess> Access { get; init; } = [InitiatorAccess.Anyone];
}
