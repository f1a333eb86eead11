using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Sessions;

/// <summary>Sense data for what goes wrong on the way of a command's payload (RFC 7143 11.4.7.2).</summary>
internal static class TransportSense
{
    public static readonly SenseData UnexpectedUnsolicitedData = new(SenseKey.AbortedCommand, 0x0C, 0x0C);
    public static readonly SenseData IncorrectAmountOfData = new(SenseKey.AbortedCommand, 0x0C, 0x0D);
    public static readonly SenseData DataPhaseError = new(SenseKey.AbortedCommand, 0x4B, 0x00);

    /// <summary>The sense data of a fault.</summary>
    public static SenseData Of(DataOutFault fault) => fault switch
    {
        DataOutFault.Amount => IncorrectAmountOfData,
        DataOutFault.Unsolicited => UnexpectedUnsolicitedData,
        _ => DataPhaseError,
    };

    /// <summary>What was lost on the way did not come although it was asked for again.</summary>
    public static readonly SenseData ProtocolServiceCrcError = new(SenseKey.AbortedCommand, 0x47, 0x05);

    /// <summary>The device server or the medium threw: a bug, logged where it is caught (INTERNAL TARGET FAILURE).</summary>
    public static readonly SenseData InternalTargetFailure = new(SenseKey.HardwareError, 0x44, 0x00);
}
