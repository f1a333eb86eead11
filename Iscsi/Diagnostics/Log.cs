using System.Net;
using Microsoft.Extensions.Logging;

namespace Lunaria.Iscsi.Diagnostics;

/// <summary>Every log message of the target. Nothing here is per command, and no text of a login request is printed but names.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Portal {Portal} listens")]
    public static partial void PortalListens(ILogger logger, EndPoint portal);

    [LoggerMessage(2, LogLevel.Warning, "Portal {Portal}: cannot accept a connection: {Reason}")]
    public static partial void AcceptFailed(ILogger logger, EndPoint portal, string reason);

    [LoggerMessage(3, LogLevel.Information, "{Peer}: login of {Initiator} refused with status {Status:x4} ({StatusName})")]
    public static partial void LoginRefused(ILogger logger, EndPoint peer, string initiator, ushort status, string statusName);

    [LoggerMessage(4, LogLevel.Information, "{Peer}: {Initiator} logged in to {Target}, session {Tsih}, connection {ConnectionId}")]
    public static partial void ConnectionBegan(ILogger logger, EndPoint peer, string initiator, string target, ushort tsih, ushort connectionId);

    [LoggerMessage(5, LogLevel.Information, "{Peer}: connection {ConnectionId} of session {Tsih} of {Initiator} with {Target} ended: {Reason}")]
    public static partial void ConnectionEnded(ILogger logger, EndPoint peer, ushort connectionId, ushort tsih, string initiator, string target, string reason);

    [LoggerMessage(6, LogLevel.Warning, "{Peer}: connection closed, the initiator broke the protocol: {Reason}")]
    public static partial void ProtocolBroken(ILogger logger, EndPoint peer, string reason);

    [LoggerMessage(7, LogLevel.Debug, "{Peer}: connection closed: {Reason}")]
    public static partial void ConnectionClosed(ILogger logger, EndPoint peer, string reason);

    [LoggerMessage(8, LogLevel.Error, "{Peer}: connection closed by a defect of the target")]
    public static partial void ConnectionFailed(ILogger logger, Exception error, EndPoint peer);

    [LoggerMessage(9, LogLevel.Error, "{Target}: a medium threw; its command fails with INTERNAL TARGET FAILURE")]
    public static partial void MediumThrew(ILogger logger, Exception error, string target);

    [LoggerMessage(10, LogLevel.Warning, "{Peer}: connection refused: {Reason}")]
    public static partial void ConnectionRefused(ILogger logger, EndPoint peer, string reason);

    [LoggerMessage(11, LogLevel.Debug, "{Peer}: login of {Initiator} held back: after others that failed, or because the target is not ready")]
    public static partial void LoginHeldBack(ILogger logger, EndPoint peer, string initiator);

    [LoggerMessage(12, LogLevel.Error, "Portal {Portal} cannot be opened again: {Reason}")]
    public static partial void PortalLost(ILogger logger, EndPoint portal, string reason);

    [LoggerMessage(13, LogLevel.Information, "Portal {Portal} listens no more")]
    public static partial void PortalStops(ILogger logger, EndPoint portal);

    [LoggerMessage(14, LogLevel.Information, "The iSNS server {Server} knows the targets")]
    public static partial void IsnsRegistered(ILogger logger, EndPoint server);

    [LoggerMessage(15, LogLevel.Warning, "The iSNS server {Server} cannot be told of the targets: {Reason}. It is tried again")]
    public static partial void IsnsFailed(ILogger logger, EndPoint server, string reason);
}
