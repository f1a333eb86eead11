using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// The initiator broke the protocol in a way that leaves nothing to talk about: the connection is closed, after a Reject PDU where one can
/// be sent. What a Reject alone can answer throws nothing.
/// </summary>
internal sealed class IscsiProtocolException(string message, RejectReason? reject = null, byte[]? rejectedHeader = null) : Exception(message)
{
    /// <summary>Reason of the Reject PDU to send before the end; null = none.</summary>
    public RejectReason? Reject { get; } = reject;

    /// <summary>The header the Reject is about.</summary>
    public byte[] RejectedHeader { get; } = rejectedHeader ?? [];
}
