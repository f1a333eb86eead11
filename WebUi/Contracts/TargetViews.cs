namespace Lunaria.WebUi.Contracts;

/// <summary>A target. <paramref name="Sessions"/>: how many hosts' sessions it has now.</summary>
public sealed record TargetView(string Iqn, int PortId, IReadOnlyList<LunView> Luns, IReadOnlyList<InitiatorView> Initiators, int Sessions)
{
    /// <summary>Tag of its portal group.</summary>
    public int PortalGroup { get; init; } = 1;

    /// <summary>The portals where it is shown; none = all.</summary>
    public IReadOnlyList<string> Portals { get; init; } = [];

    /// <summary>Where hosts are sent that log in; null = they are let in.</summary>
    public RedirectView? Redirect { get; init; }
}

/// <summary>Where hosts are sent that log in to a target: HOST:PORT, for good where <paramref name="Permanent"/>.</summary>
public sealed record RedirectView(string Address, bool Permanent);

/// <summary>Where to send the hosts of a target.</summary>
public sealed record SetRedirect
{
    /// <summary>HOST:PORT of another appliance or portal; IPv6 in brackets.</summary>
    public required string Address { get; init; }

    /// <summary>True: hosts may remember it. False: they ask here again next time.</summary>
    public bool Permanent { get; init; }

    /// <summary>True: hosts that are logged in are asked to log out, so that they come again and are sent there. False: their sessions stay.</summary>
    public bool Move { get; init; }
}

/// <summary>Where to show a target.</summary>
public sealed record SetTargetPortals
{
    /// <summary>ADDRESS:PORT of portals of the appliance; none = all.</summary>
    public required IReadOnlyList<string> Portals { get; init; }

    /// <summary>Tag of the portal group that they are for this target, 1 to 65535. Targets with other portals best have another.</summary>
    public int Group { get; init; } = 1;
}

/// <summary>A LUN of a target and the volume behind it.</summary>
public sealed record LunView(string Target, int Lun, string Volume, Guid VolumeUuid, long SizeBytes);

/// <summary>
/// Who may log in to a target: an iSCSI name, or * for everybody. <paramref name="ChapUser"/>: the name it must prove, null where nothing is asked;
/// <paramref name="MutualUser"/>: the name the target proves. Secrets are never shown. <paramref name="Addresses"/>: where it may come from, none = from
/// everywhere; <paramref name="Luns"/>: which LUNs it may use, null = all.
/// </summary>
public sealed record InitiatorView(string Target, string Initiator, string? ChapUser, string? MutualUser, IReadOnlyList<string> Addresses, IReadOnlyList<int>? Luns);

/// <summary>A target to create.</summary>
public sealed record CreateTarget
{
    /// <summary>Its iSCSI name, like iqn.2026-11.com.example:disks.</summary>
    public required string Iqn { get; init; }

    /// <summary>Who may log in, without a proof: iSCSI names, or * for everybody. Nobody where left out.</summary>
    public IReadOnlyList<string>? Initiators { get; set; }

    /// <summary>What each of them must prove; nothing where left out.</summary>
    public SetChap? Chap { get; set; }
}

/// <summary>A LUN to map.</summary>
public sealed record MapLun
{
    /// <summary>The volume's name, or VOLUME@SNAPSHOT: then hosts can only read it.</summary>
    public required string Volume { get; init; }

    /// <summary>0 to 255; the first free one where left out.</summary>
    public int? Lun { get; init; }
}

/// <summary>Where an initiator may come from.</summary>
public sealed record SetAddresses
{
    /// <summary>Addresses like 10.1.2.3, and ranges like 10.1.0.0/16 or 2001:db8::/32; none = from everywhere.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }
}

/// <summary>Which LUNs of a target an initiator may use.</summary>
public sealed record SetLuns
{
    /// <summary>Their numbers, mapped or not; none = it sees no LUN.</summary>
    public required IReadOnlyList<int> Luns { get; init; }
}

/// <summary>What an initiator must prove, and what the target proves to it. Written, never read back.</summary>
public sealed record SetChap
{
    /// <summary>The name the initiator gives.</summary>
    public required string User { get; init; }

    /// <summary>The secret it proves: 12 to 128 printable ASCII characters (Windows takes 12 to 16).</summary>
    public required string Secret { get; init; }

    /// <summary>The name the target gives to an initiator that asks for proof; with <see cref="MutualSecret"/> or not at all.</summary>
    public string? MutualUser { get; init; }

    /// <summary>The secret the target proves; differs from the other.</summary>
    public string? MutualSecret { get; init; }

    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"CHAP user {User}";
}

/// <summary>A session of a host. <paramref name="Id"/> names it in the API; <paramref name="Peer"/>: the address of its first connection.</summary>
public sealed record SessionView(string Id, string Target, string Initiator, string Isid, string? Peer, string? Portal, DateTimeOffset Began, int Connections);
