namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>Types of persistent reservations (SPC-4 6.15.3.4, table 204).</summary>
internal enum ReservationType : byte
{
    None = 0,
    WriteExclusive = 1,
    ExclusiveAccess = 3,
    WriteExclusiveRegistrantsOnly = 5,
    ExclusiveAccessRegistrantsOnly = 6,
    WriteExclusiveAllRegistrants = 7,
    ExclusiveAccessAllRegistrants = 8,
}

/// <summary>What a type means.</summary>
internal static class ReservationTypes
{
    /// <summary>The type mask of REPORT CAPABILITIES (SPC-4 table 208), which is all of them.</summary>
    public const ushort Mask = 0xEA01;

    /// <summary>True for a type that can be reserved.</summary>
    public static bool IsKnown(ReservationType type) => type is ReservationType.WriteExclusive or ReservationType.ExclusiveAccess
        || IsForRegistrants(type);

    /// <summary>True where every registrant is a holder.</summary>
    public static bool IsAllRegistrants(ReservationType type) =>
        type is ReservationType.WriteExclusiveAllRegistrants or ReservationType.ExclusiveAccessAllRegistrants;

    /// <summary>True where every registrant has the access of the holder: registrants only and all registrants.</summary>
    public static bool IsForRegistrants(ReservationType type) => IsAllRegistrants(type)
        || type is ReservationType.WriteExclusiveRegistrantsOnly or ReservationType.ExclusiveAccessRegistrantsOnly;

    /// <summary>True where others may still read.</summary>
    public static bool IsWriteExclusive(ReservationType type) => type
        is ReservationType.WriteExclusive or ReservationType.WriteExclusiveRegistrantsOnly or ReservationType.WriteExclusiveAllRegistrants;
}
