using System.Text.Json;

namespace Lunaria.Appliance.Settings;

/// <summary>One thing that is wrong: where (the path of the key, "" = the whole file), and what, with what would be right.</summary>
internal sealed record SettingsError(string Path, string Message)
{
    /// <summary>The line a person reads.</summary>
    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";
}

/// <summary>Collects everything that is wrong, so that one run tells all of it. Owned by one read; one thread.</summary>
internal sealed class SettingsErrors
{
    /// <summary>More than this is a file of another kind; the rest is not told.</summary>
    private const int MaxErrors = 100;

    private readonly List<SettingsError> _errors = [];

    /// <summary>What was found, in the order of the file.</summary>
    public IReadOnlyList<SettingsError> All => _errors;

    /// <summary>Adds one.</summary>
    public void Add(string path, string message)
    {
        if (_errors.Count < MaxErrors)
            _errors.Add(new SettingsError(path, message));
    }

    /// <summary>Adds one about a value, which is shown (shortened) before the message unless it is a secret.</summary>
    public void AddValue(string path, JsonElement value, string message, bool secret = false)
    {
        var text = secret ? "***" : value.GetRawText();
        Add(path, $"{(text.Length > 60 ? text[..57] + "..." : text)} {message}");
    }
}

/// <summary>The configuration does not let the appliance start; the program ends with <c>ExitCode.WrongUsage</c>.</summary>
internal sealed class SettingsException(string file, IReadOnlyList<SettingsError> errors)
    : Exception(string.Join(Environment.NewLine, errors.Select(error => $"{file}: {error}")))
{
    /// <summary>Everything that is wrong.</summary>
    public IReadOnlyList<SettingsError> Errors { get; } = errors;
}
