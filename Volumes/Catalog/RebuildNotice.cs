using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Catalog;

/// <summary>
/// A rebuild that the engine has not taken note of yet, kept in <c>settings</c> of lunaria.db: what is in files then may be older than what was.
/// <paramref name="SkipsSequences"/>: names of segments may have been given that nobody knows of. <paramref name="Text"/>: for the operator.
/// </summary>
internal sealed record RebuildNotice(bool SkipsSequences, string Text)
{
    /// <summary>The name of the setting.</summary>
    public const string Setting = "rebuilt";

    private const char Skips = '+', Knows = '-';

    /// <summary>The value of the setting.</summary>
    public string Value => (SkipsSequences ? Skips : Knows) + Text;

    /// <summary>The notice of a file; null where there is none.</summary>
    public static RebuildNotice? Read(MetadataDatabase metadata) => metadata.ReadSetting(Setting) is { Length: > 0 } value ? new(value[0] == Skips, value[1..]) : null;
}
