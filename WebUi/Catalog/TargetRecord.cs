namespace Lunaria.WebUi.Catalog;

/// <summary>A target in lunaria.db. Immutable.</summary>
public sealed record TargetRecord(string Iqn, IReadOnlyList<LunRecord> Luns, IReadOnlyList<AccessRecord> Access)
{
    /// <summary>Relative target port identifier: given by the store when the target is added, kept for ever, as hosts remember it.</summary>
    public ushort PortId { get; init; }

    /// <summary>Tag of its portal group.</summary>
    public ushort PortalGroup { get; init; } = 1;

    /// <summary>The portals of that group, ADDRESS:PORT; empty = all of the appliance.</summary>
    public IReadOnlyList<string> Portals { get; init; } = [];

    /// <summary>Where hosts are sent that log in; null = they are let in.</summary>
    public RedirectRecord? Redirect { get; init; }
}

/// <summary>Where hosts are sent, HOST:PORT, and whether for good.</summary>
public sealed record RedirectRecord(string Address, bool IsPermanent);

/// <summary>A logical unit of a target: its number and the volume behind it.</summary>
public sealed record LunRecord(int Lun, Guid Volume);

/// <summary>Who may log in: the iSCSI name of an initiator or * for everybody, and what it must prove. No <paramref name="Chap"/>: nothing.</summary>
public sealed record AccessRecord(string Initiator, ChapRecord? Chap)
{
    /// <summary>Where it may come from, addresses and ranges; empty = from everywhere.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>The LUNs that it may use, in their order; null = all.</summary>
    public IReadOnlyList<int>? Luns { get; init; }
}

/// <summary>CHAP of an initiator, in the clear: never logged, never shown. The mutual half is complete or absent.</summary>
public sealed record ChapRecord(string User, string Secret, string? MutualUser, string? MutualSecret)
{
    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"CHAP user {User}{(MutualUser == null ? "" : $", mutual {MutualUser}")}";
}

/// <summary>How hosts see a volume, the same through every LUN that shows it.</summary>
public sealed record UnitRecord(int BlockBytes = 512, bool ReadOnly = false, bool Removable = false, bool WriteSameToEnd = false);
