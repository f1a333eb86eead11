namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// The initiator broke the protocol in a way that leaves nothing to talk about: the connection is closed. What a Reject PDU can answer is
/// answered with one instead.
/// </summary>
internal sealed class IscsiProtocolException(string message) : Exception(message);
