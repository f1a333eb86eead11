using Microsoft.Extensions.Logging;

namespace Lunaria.Backends.S3;

/// <summary>Messages of the S3 store. Event ids are never used again for another event.</summary>
internal static partial class S3Log
{
    [LoggerMessage(3101, LogLevel.Information, "Object store {Store} opened: conditional writes {Conditional}, entity tags in quotes {Quoted}.")]
    public static partial void Opened(ILogger logger, string store, bool conditional, bool quoted);

    [LoggerMessage(3102, LogLevel.Warning, "Object store {Store} does not exclude a second writer ({Reason}). It serves one appliance only: see to it that no other one ever uses this pool.")]
    public static partial void SingleOwner(ILogger logger, string store, string reason);

    [LoggerMessage(3103, LogLevel.Warning, "Waiting for the object store. {Cause}")]
    public static partial void Waiting(ILogger logger, string cause);
}
