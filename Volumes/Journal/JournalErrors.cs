namespace Lunaria.Volumes.Journal;

/// <summary>The journal takes no more frames: a write or flush failed, and what reached the medium is unknown. For ever, until it is opened anew.</summary>
internal sealed class JournalFencedException(string message, Exception? inner) : IOException(message, inner);

/// <summary>The journal on disk is not what it has to be: foreign, or damaged where it was known to be durable. Nothing was changed.</summary>
public sealed class JournalDamagedException(string kind, string message) : IOException(message)
{
    /// <summary>Which damage, by its name in <see cref="Check.CheckKinds"/>.</summary>
    public string Kind { get; } = kind;
}
