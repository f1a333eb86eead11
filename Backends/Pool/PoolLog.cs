using Microsoft.Extensions.Logging;

namespace Lunaria.Backends.Pool;

/// <summary>Messages of the local pool. Event ids are never used again for another event.</summary>
internal static partial class PoolLog
{
    [LoggerMessage(3001, LogLevel.Information, "Pool '{Pool}' {PoolId} opened: {Components} components, {Objects} objects, {FreeBytes} of {TotalBytes} bytes free.")]
    public static partial void Opened(ILogger logger, string pool, Guid poolId, int components, int objects, long freeBytes, long totalBytes);

    [LoggerMessage(3002, LogLevel.Information, "Pool '{Pool}' {PoolId} created on {Components}.")]
    public static partial void Created(ILogger logger, string pool, Guid poolId, string components);

    [LoggerMessage(3003, LogLevel.Warning, "Pool '{Pool}': {Finding}")]
    public static partial void Found(ILogger logger, string pool, string finding);

    [LoggerMessage(3004, LogLevel.Error, "Pool component {Component} failed and takes no changes until the next start.")]
    public static partial void ComponentFaulted(ILogger logger, string component, Exception cause);

    [LoggerMessage(3006, LogLevel.Information, "Pool '{Pool}': {Component} added, {Bytes} bytes for objects.")]
    public static partial void ComponentAdded(ILogger logger, string pool, string component, long bytes);

    [LoggerMessage(3007, LogLevel.Information, "Pool '{Pool}': {Component} evacuated, {Bytes} bytes moved.")]
    public static partial void ComponentEvacuated(ILogger logger, string pool, string component, long bytes);

    [LoggerMessage(3008, LogLevel.Information, "Pool '{Pool}': {Component} removed.")]
    public static partial void ComponentRemoved(ILogger logger, string pool, string component);

    [LoggerMessage(3009, LogLevel.Warning, "Removed pool component {Component} could not be erased; the pool does not need it.")]
    public static partial void NotErased(ILogger logger, string component, Exception cause);

    [LoggerMessage(EventId = 3005, Message = "Pool '{Pool}' space is now {State}: {FreeBytes} of {TotalBytes} bytes free, low mark {LowBytes}, full mark {FullBytes}.")]
    public static partial void WatermarkPassed(
        ILogger logger, LogLevel level, string pool, WatermarkState state, long freeBytes, long totalBytes, long lowBytes, long fullBytes);

    [LoggerMessage(3010, LogLevel.Error, "Pool '{Pool}' goes on without {Component}: all that it holds has a copy elsewhere. What is on it is out of date and is not used again.")]
    public static partial void ComponentSetAside(ILogger logger, string pool, string component);

    [LoggerMessage(3011, LogLevel.Information, "Pool '{Pool}': {Objects} objects, {Bytes} bytes, lack a copy, or have one that must go.")]
    public static partial void MendingBegan(ILogger logger, string pool, int objects, long bytes);

    [LoggerMessage(3012, LogLevel.Information, "Pool '{Pool}': {Objects} objects were gone through: {Outcome}.")]
    public static partial void MendingEnded(ILogger logger, string pool, int objects, string outcome);

    [LoggerMessage(3013, LogLevel.Information, "Pool '{Pool}' stores each object {Copies} times from now on.")]
    public static partial void CopiesChanged(ILogger logger, string pool, int copies);
}
