namespace Lunaria.Appliance.Targets;

/// <summary>A target in lunaria.db. Immutable.</summary>
internal sealed record TargetRecord(string Iqn, IReadOnlyList<LunRecord> Luns, ChapRecord? Chap)
{
    /// <summary>Relative target port identifier: given by the store when the target is added, kept for ever, as hosts remember it.</summary>
    public ushort PortId { get; init; }
}

/// <summary>A logical unit of a target: its number and the volume behind it.</summary>
internal sealed record LunRecord(int Lun, Guid Volume);

/// <summary>CHAP of a target, in the clear: never logged, never shown. The mutual half is complete or absent.</summary>
internal sealed record ChapRecord(string User, string Secret, string? MutualUser, string? MutualSecret)
{
    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"CHAP user {User}";
}
