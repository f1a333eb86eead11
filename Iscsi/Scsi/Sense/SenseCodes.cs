using static Lunaria.Iscsi.Scsi.Sense.SenseKey;

namespace Lunaria.Iscsi.Scsi.Sense;

/// <summary>Every sense triplet this target sends, by its name in SPC-4 annex F.2, in the order of the codes.</summary>
internal static class SenseCodes
{
    public static readonly SenseData None = new(NoSense, 0x00, 0x00);

    public static readonly SenseData InitializingCommandRequired = new(NotReady, 0x04, 0x02);
    public static readonly SenseData ManualInterventionRequired = new(NotReady, 0x04, 0x03);
    public static readonly SenseData AsymmetricAccessStateTransition = new(NotReady, 0x04, 0x0A);
    public static readonly SenseData TargetPortInStandbyState = new(NotReady, 0x04, 0x0B);
    public static readonly SenseData TargetPortInUnavailableState = new(NotReady, 0x04, 0x0C);
    public static readonly SenseData FormatInProgress = new(NotReady, 0x04, 0x04);
    public static readonly SenseData SanitizeInProgress = new(NotReady, 0x04, 0x1B);
    public static readonly SenseData MediumNotPresentTrayOpen = new(NotReady, 0x3A, 0x02);

    public static readonly SenseData WriteError = new(MediumError, 0x0C, 0x00);
    public static readonly SenseData UnrecoveredReadError = new(MediumError, 0x11, 0x00);

    public static readonly SenseData InternalTargetFailure = new(HardwareError, 0x44, 0x00);

    public static readonly SenseData ParameterListLengthError = new(IllegalRequest, 0x1A, 0x00);
    public static readonly SenseData InvalidCommandOperationCode = new(IllegalRequest, 0x20, 0x00);
    public static readonly SenseData OperationInProgress = new(IllegalRequest, 0x00, 0x16);
    public static readonly SenseData LogicalBlockAddressOutOfRange = new(IllegalRequest, 0x21, 0x00);
    public static readonly SenseData UnsupportedTokenType = new(IllegalRequest, 0x23, 0x01);
    public static readonly SenseData TokenUnknown = new(IllegalRequest, 0x23, 0x04);
    public static readonly SenseData TokenRevoked = new(IllegalRequest, 0x23, 0x06);
    public static readonly SenseData InvalidTokenLength = new(IllegalRequest, 0x23, 0x0A);
    public static readonly SenseData InvalidFieldInCdb = new(IllegalRequest, 0x24, 0x00);
    public static readonly SenseData LogicalUnitNotSupported = new(IllegalRequest, 0x25, 0x00);
    public static readonly SenseData InvalidFieldInParameterList = new(IllegalRequest, 0x26, 0x00);
    public static readonly SenseData TooManyTargetDescriptors = new(IllegalRequest, 0x26, 0x06);
    public static readonly SenseData UnsupportedTargetDescriptorType = new(IllegalRequest, 0x26, 0x07);
    public static readonly SenseData TooManySegmentDescriptors = new(IllegalRequest, 0x26, 0x08);
    public static readonly SenseData UnsupportedSegmentDescriptorType = new(IllegalRequest, 0x26, 0x09);
    public static readonly SenseData InlineDataLengthExceeded = new(IllegalRequest, 0x26, 0x0B);
    public static readonly SenseData InvalidReleaseOfPersistentReservation = new(IllegalRequest, 0x26, 0x04);
    public static readonly SenseData CommandSequenceError = new(IllegalRequest, 0x2C, 0x00);
    public static readonly SenseData SavingParametersNotSupported = new(IllegalRequest, 0x39, 0x00);
    public static readonly SenseData MediumRemovalPrevented = new(IllegalRequest, 0x53, 0x02);
    public static readonly SenseData InsufficientRegistrationResources = new(IllegalRequest, 0x55, 0x04);
    public static readonly SenseData InsufficientResourcesToCreateRodToken = new(IllegalRequest, 0x55, 0x0D);

    public static readonly SenseData PowerOnOrReset = new(UnitAttention, 0x29, 0x00);
    public static readonly SenseData BusReset = new(UnitAttention, 0x29, 0x02);
    public static readonly SenseData BusDeviceReset = new(UnitAttention, 0x29, 0x03);
    public static readonly SenseData NexusLoss = new(UnitAttention, 0x29, 0x07);
    public static readonly SenseData NotReadyToReadyChange = new(UnitAttention, 0x28, 0x00);
    public static readonly SenseData ModeParametersChanged = new(UnitAttention, 0x2A, 0x01);
    public static readonly SenseData ReservationsPreempted = new(UnitAttention, 0x2A, 0x03);
    public static readonly SenseData ReservationsReleased = new(UnitAttention, 0x2A, 0x04);
    public static readonly SenseData RegistrationsPreempted = new(UnitAttention, 0x2A, 0x05);
    public static readonly SenseData AsymmetricAccessStateChanged = new(UnitAttention, 0x2A, 0x06);
    public static readonly SenseData CapacityDataChanged = new(UnitAttention, 0x2A, 0x09);
    public static readonly SenseData CommandsCleared = new(UnitAttention, 0x2F, 0x00);
    public static readonly SenseData SoftThresholdReached = new(UnitAttention, 0x38, 0x07);
    public static readonly SenseData ReportedLunsDataChanged = new(UnitAttention, 0x3F, 0x0E);

    public static readonly SenseData WriteProtected = new(DataProtect, 0x27, 0x00);
    public static readonly SenseData SoftwareWriteProtected = new(DataProtect, 0x27, 0x02);
    public static readonly SenseData SpaceAllocationFailed = new(DataProtect, 0x27, 0x07);

    public static readonly SenseData CopyAborted = new(SenseKey.CopyAborted, 0x00, 0x00);
    public static readonly SenseData UnreachableCopyTarget = new(SenseKey.CopyAborted, 0x08, 0x04);
    public static readonly SenseData ThirdPartyDeviceFailure = new(SenseKey.CopyAborted, 0x0D, 0x01);
    public static readonly SenseData CopyTargetDeviceNotReachable = new(SenseKey.CopyAborted, 0x0D, 0x02);

    public static readonly SenseData UnexpectedInexactSegment = new(SenseKey.CopyAborted, 0x26, 0x0A);

    public static readonly SenseData MiscompareDuringVerify = new(Miscompare, 0x1D, 0x00);
}
