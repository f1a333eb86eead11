namespace Lunaria.Iscsi.Scsi;

/// <summary>What a host sees of a logical unit beside its medium. Immutable.</summary>
public sealed record LogicalUnitOptions
{
    /// <summary>
    /// The identity of the unit: NAA identifier and, unless given, serial number derive from it. Must be kept with the medium for
    /// ever; a clone gets a new one.
    /// </summary>
    public required Guid Identity { get; init; }

    /// <summary>T10 vendor identification, up to 8 ASCII characters.</summary>
    public string Vendor { get; init; } = "LUNARIA";

    /// <summary>Product identification, up to 16 ASCII characters.</summary>
    public string Product { get; init; } = "VOLUME";

    /// <summary>Product revision level, up to 4 ASCII characters.</summary>
    public string Revision { get; init; } = "0001";

    /// <summary>Unit serial number (VPD 80h), ASCII; null = the identity in 32 hexadecimal digits.</summary>
    public string? SerialNumber { get; init; }

    /// <summary>
    /// The 24-bit IEEE company id inside the NAA identifier. The default has the bit of locally administered ids set, because none is
    /// assigned to this product. Never change it on a unit that hosts know.
    /// </summary>
    public uint CompanyId { get; init; } = 0x4E4C55;

    /// <summary>
    /// True (WCE=1): a write is answered when it survives the death of the process. False: every write is forced to the medium.
    /// A host may change it (MODE SELECT, caching page).
    /// </summary>
    public bool WriteCache { get; init; } = true;

    /// <summary>True: the medium can be ejected by a host (RMB=1, START STOP UNIT with LOEJ).</summary>
    public bool Removable { get; init; }

    /// <summary>True: WRITE SAME of 0 blocks goes to the end of the medium (WSNZ=0). False: it is refused (WSNZ=1).</summary>
    public bool WriteSameToEnd { get; init; }

    /// <summary>URL where the unit is configured (VPD 85h); null = none is told.</summary>
    public string? ManagementAddress { get; init; }

    /// <summary>True: hosts may erase the medium with FORMAT UNIT. False: the command is not offered.</summary>
    public bool AllowFormat { get; init; }

    /// <summary>Where persistent reservations and saved mode pages outlive the process; null = neither is offered.</summary>
    public LogicalUnitStore? Store { get; init; }
}
