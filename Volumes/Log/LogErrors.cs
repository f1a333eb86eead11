namespace Lunaria.Volumes.Log;

/// <summary>
/// The log takes no more writes: a flush or a write of it failed, and what reached the medium since the last flush is unknown. For ever, until the
/// process opens the log anew.
/// </summary>
internal sealed class LogFencedException(string message, Exception? inner) : IOException(message, inner);

/// <summary>The log on disk is not what it has to be: missing, foreign, or damaged where it was known to be durable. Nothing was changed.</summary>
public sealed class LogDamagedException(string kind, string message) : IOException(message)
{
    /// <summary>Which damage, by its name in <see cref="Check.CheckKinds"/>.</summary>
    public string Kind { get; } = kind;
}
