namespace Lunaria.Iscsi.Transport;

/// <summary>The connection is at its end: closed by the peer, timed out, or told to close. Ends the connection's loop, nothing else.</summary>
internal sealed class ConnectionClosedException(string reason) : Exception(reason);
