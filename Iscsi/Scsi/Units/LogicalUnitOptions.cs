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
    /// True (WCE=1): a write is answered when it survives the death of the process. False: every write is forced to the medium.
    /// </summary>
    public bool WriteCache { get; init; } = true;
}
