namespace Lunaria.Iscsi.Scsi.Commands;

/// <summary>What has to hold, or need not, for a command to be executed.</summary>
[Flags]
internal enum CommandFlags
{
    /// <summary>Nothing special.</summary>
    None = 0,
    /// <summary>Executed while a unit attention condition is pending, which stays pending (SAM-5 5.14.1).</summary>
    PassesUnitAttention = 1,
    /// <summary>Answered for a LUN that has no logical unit (SPC-4 6.6.1, 6.33, 6.39).</summary>
    AnyLun = 2,
    /// <summary>Needs a medium that is loaded and started, else NOT READY.</summary>
    NeedsMedium = 4,
    /// <summary>Changes the medium: refused where it is write protected.</summary>
    Writes = 8,
    /// <summary>Allowed while another I_T nexus holds the unit by RESERVE(6) (SPC-2 table 10).</summary>
    PassesReserve = 16,
    /// <summary>Executed while a sanitize operation runs (SBC-3 4.11.2); what passes unit attentions is, too.</summary>
    PassesSanitize = 64,
    /// <summary>Answered in the ALUA states standby and unavailable (SPC-4 5.15.2.4.4).</summary>
    PassesStandby = 32,
}

/// <summary>How a persistent reservation of another I_T nexus bears on a command (SPC-4 table 66, SBC-3 table 6).</summary>
internal enum ReservationRule : byte
{
    /// <summary>Allowed under every type.</summary>
    Allowed,
    /// <summary>Reads: allowed under write exclusive types, conflicts with exclusive access types.</summary>
    Reads,
    /// <summary>Writes: conflicts with every type.</summary>
    Writes,
    /// <summary>The fields of the command decide (<see cref="CommandDescriptor.RuleOf"/>).</summary>
    ByFields,
}

/// <summary>What a logical unit offers; a command whose row requires more is not supported by the unit.</summary>
[Flags]
internal enum UnitFeatures
{
    /// <summary>What every unit offers.</summary>
    None = 0,
    /// <summary>Logical block provisioning: UNMAP and what belongs to it.</summary>
    Thin = 1,
    /// <summary>Atomic writes.</summary>
    AtomicWrites = 2,
    /// <summary>FORMAT UNIT is allowed.</summary>
    Format = 4,
    /// <summary>The medium knows how much space is used and left.</summary>
    SpaceKnown = 8,
    /// <summary>The medium has a key of its own that can be thrown away.</summary>
    OwnKey = 16,
}
