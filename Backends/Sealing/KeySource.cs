namespace Lunaria.Backends.Sealing;

/// <summary>
/// Where a wrapping key is: a private file (an absolute path), or a variable of the environment. One of the two is null. Immutable; any thread. Holds no secret.
/// </summary>
public sealed record KeySource(string? FilePath, string? Variable)
{
    private const string FilePrefix = "file:", VariablePrefix = "environment:";

    /// <summary>What a source looks like, for messages.</summary>
    public const string Form = "\"file:PATH\" or \"environment:NAME\"";

    /// <summary>Reads <c>file:PATH</c> (relative to <paramref name="directory"/>) or <c>environment:NAME</c>; null where it is neither.</summary>
    public static KeySource? Parse(string text, string directory)
    {
        if (text.StartsWith(FilePrefix, StringComparison.Ordinal) && text.Length > FilePrefix.Length)
            return new(Path.GetFullPath(text[FilePrefix.Length..], directory), null);
        return text.StartsWith(VariablePrefix, StringComparison.Ordinal) && IsName(text.AsSpan(VariablePrefix.Length)) ? new(null, text[VariablePrefix.Length..]) : null;
    }

    /// <inheritdoc/>
    public override string ToString() => FilePath is null ? $"the environment's {Variable}" : FilePath;

    private static bool IsName(ReadOnlySpan<char> name)
    {
        foreach (char c in name)
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
                return false;
        return name.Length is > 0 and <= 128;
    }
}
