namespace Lunaria.Iscsi.Scsi;

/// <summary>Status codes of SAM-5 5.3.1.</summary>
public enum ScsiStatus : byte
{
    /// <summary>Done.</summary>
    Good = 0x00,
    /// <summary>Sense data says why not.</summary>
    CheckCondition = 0x02,
    /// <summary>PRE-FETCH: all of it fits the cache.</summary>
    ConditionMet = 0x04,
    /// <summary>Cannot take the command now; try again.</summary>
    Busy = 0x08,
    /// <summary>Another I_T nexus holds a reservation that excludes the command.</summary>
    ReservationConflict = 0x18,
    /// <summary>No room for another task.</summary>
    TaskSetFull = 0x28,
    /// <summary>Ended by the action of another I_T nexus (TAS=1).</summary>
    TaskAborted = 0x40,
}

/// <summary>Task attributes as RFC 7143 11.3.1 codes them.</summary>
public enum TaskAttribute : byte
{
    /// <summary>None given: treated as simple.</summary>
    Untagged = 0,
    /// <summary>SIMPLE.</summary>
    Simple = 1,
    /// <summary>ORDERED.</summary>
    Ordered = 2,
    /// <summary>HEAD OF QUEUE.</summary>
    HeadOfQueue = 3,
    /// <summary>ACA.</summary>
    Aca = 4,
}

/// <summary>Where the payload of a command goes. Bidirectional commands do not exist here: none is offered.</summary>
public enum DataDirection : byte
{
    /// <summary>No payload.</summary>
    None,
    /// <summary>From the device server to the host.</summary>
    In,
    /// <summary>From the host to the device server.</summary>
    Out,
}

/// <summary>What the connection may do with the medium of a prepared task without calling <see cref="DeviceServer.ExecuteAsync"/>.</summary>
internal enum BlockAccess : byte
{
    /// <summary>Nothing: execute the task.</summary>
    None,
    /// <summary>Read the range into the data-in segment.</summary>
    Read,
    /// <summary>Write the payload to the range, between <see cref="DeviceServer.TryEnterShared"/> and <see cref="DeviceServer.ExitShared"/>.</summary>
    Write,
}
