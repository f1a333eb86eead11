using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Lunaria.Appliance.Settings;

namespace Lunaria.Appliance.Cli;

/// <summary>The options of every verb that reads appliance.json itself. One instance serves the whole command line.</summary>
internal sealed class ConfigurationOptions
{
    private const string FileName = "appliance.json";

    private readonly Option<string?> _config = new("--config", "-c")
    {
        Description = "The configuration. Default: appliance.json in the current directory, else beside the program.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _data = new("--data", "-d")
    {
        Description = "The data directory, instead of dataDirectory in the configuration.",
        HelpName = "DIR",
    };

    private readonly Option<IPEndPoint[]> _portals = new("--portal", "-p")
    {
        Description = "An address to listen on, instead of iscsi.portals in the configuration; may be given several times.",
        HelpName = "ADDRESS:PORT",
        CustomParser = ParsePortals,
    };

    /// <summary>Gives a verb these options.</summary>
    public void AddTo(Command verb)
    {
        verb.Add(_config);
        verb.Add(_data);
        verb.Add(_portals);
    }

    /// <summary>Gives a verb the options that say where the data directory is.</summary>
    public void AddDirectoryTo(Command verb)
    {
        verb.Add(_config);
        verb.Add(_data);
    }

    /// <summary>The data directory that is meant; <see cref="SettingsException"/> where the file that names it is wrong.</summary>
    public string GetDataDirectory(ParseResult parsed) =>
        parsed.GetValue(_data) is { } directory ? Path.GetFullPath(directory) : SettingsReader.ReadFile(GetFile(parsed), SettingsOverrides.None).DataDirectory;

    /// <summary>The file that is meant.</summary>
    public string GetFile(ParseResult parsed)
    {
        if (parsed.GetValue(_config) is { } named)
            return named;
        var beside = Path.Combine(AppContext.BaseDirectory, FileName);
        return !File.Exists(FileName) && File.Exists(beside) ? beside : FileName;
    }

    /// <summary>Reads the configuration; <see cref="SettingsException"/> where it is wrong.</summary>
    public ApplianceSettings Read(ParseResult parsed) =>
        SettingsReader.ReadFile(GetFile(parsed), new SettingsOverrides(parsed.GetValue(_data), parsed.GetValue(_portals) ?? []));

    private static IPEndPoint[] ParsePortals(ArgumentResult result)
    {
        var portals = new List<IPEndPoint>();
        foreach (var token in result.Tokens)
        {
            try
            {
                portals.Add(Values.EndPoint(token.Value));
            }
            catch (FormatException e)
            {
                result.AddError($"--portal {token.Value} {e.Message}");
            }
        }

        return [.. portals];
    }
}
