using System.CommandLine;
using Lunaria.Appliance.Settings;
using Lunaria.WebUi;

namespace Lunaria.Appliance.Cli;

/// <summary><c>lunaria check</c>: says whether the configuration is right, and touches nothing.</summary>
internal static class CheckCommand
{
    /// <summary>The verb.</summary>
    public static Command Create(ConfigurationOptions configuration)
    {
        var command = new Command("check", "Say whether the configuration is right, without starting.\nExample: lunaria check --config appliance.json");
        configuration.AddTo(command);
        command.SetAction(parsed =>
        {
            var output = parsed.InvocationConfiguration;
            try
            {
                var settings = configuration.Read(parsed);
                output.Output.WriteLine(
                    $"{configuration.GetFile(parsed)}: right. Data in {settings.DataDirectory}, portals {string.Join(", ", settings.Iscsi.Portals)}, "
                    + $"{Plural.Of(settings.BootstrapTargets.Count, "bootstrap target")}");
                return ExitCode.Ok;
            }
            catch (SettingsException e)
            {
                output.Error.WriteLine(e.Message);
                return ExitCode.WrongUsage;
            }
        });
        return command;
    }
}
