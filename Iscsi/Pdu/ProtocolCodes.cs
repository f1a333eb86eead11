namespace Lunaria.Iscsi.Pdu;

/// <summary>Reasons of a Reject PDU (RFC 7143 11.17.1).</summary>
internal enum RejectReason : byte
{
    DataDigestError = 0x02,
    SnackReject = 0x03,
    ProtocolError = 0x04,
    CommandNotSupported = 0x05,
    ImmediateCommandReject = 0x06,
    TaskInProgress = 0x07,
    InvalidDataAck = 0x08,
    InvalidPduField = 0x09,
    LongOperationReject = 0x0A,
    WaitingForLogout = 0x0C,
}

/// <summary>Functions of a Task Management Function Request (RFC 7143 11.5.1).</summary>
internal enum TaskManagementFunction : byte
{
    AbortTask = 1,
    AbortTaskSet = 2,
    ClearAca = 3,
    ClearTaskSet = 4,
    LogicalUnitReset = 5,
    TargetWarmReset = 6,
    TargetColdReset = 7,
    TaskReassign = 8,
    QueryTask = 9,
    QueryTaskSet = 10,
    ITNexusReset = 11,
    QueryAsynchronousEvent = 12,
}

/// <summary>Responses to a task management function (RFC 7143 11.6.1).</summary>
internal enum TaskManagementResponse : byte
{
    FunctionComplete = 0,
    TaskDoesNotExist = 1,
    LunDoesNotExist = 2,
    TaskStillAllegiant = 3,
    ReassignmentNotSupported = 4,
    NotSupported = 5,
    AuthorizationFailed = 6,

    /// <summary>A query found something (RFC 7144 5.4).</summary>
    FunctionSucceeded = 7,
    FunctionRejected = 255,
}

/// <summary>Why an initiator logs out (RFC 7143 11.14.1).</summary>
internal enum LogoutReason : byte
{
    CloseSession = 0,
    CloseConnection = 1,
    RemoveConnectionForRecovery = 2,
}

/// <summary>Answers to a logout (RFC 7143 11.15.1).</summary>
internal enum LogoutResponse : byte
{
    Closed = 0,
    CidNotFound = 1,
    RecoveryNotSupported = 2,
    CleanupFailed = 3,
}

/// <summary>What a SNACK Request asks for (RFC 7143 11.16.1).</summary>
internal enum SnackType : byte
{
    /// <summary>Data-In of a read, R2Ts of a write.</summary>
    DataOrR2T = 0,
    Status = 1,
    DataAck = 2,

    /// <summary>Data-In, cut to the segment length that holds now.</summary>
    ReplacedData = 3,
}

/// <summary>Events of an Asynchronous Message (RFC 7143 11.9.1).</summary>
internal enum AsyncEvent : byte
{
    LogoutRequested = 1,
    ConnectionDropped = 2,
    SessionDropped = 3,
    NegotiationRequested = 4,
    TasksTerminated = 5,
}

/// <summary>Login stages, fields CSG and NSG (RFC 7143 11.12.3).</summary>
internal enum LoginStage : byte
{
    SecurityNegotiation = 0,
    OperationalNegotiation = 1,
    FullFeaturePhase = 3,
}
