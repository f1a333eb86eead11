using System.CommandLine;
using Lunaria.Appliance.Hosting;
using Lunaria.Appliance.Settings;

namespace Lunaria.Appliance.Cli;

/// <summary><c>lunaria run</c>: serves until told to stop.</summary>
internal static class RunCommand
{
    /// <summary>The verb.</summary>
    public static Command Create(ConfigurationOptions configuration)
    {
        var command = new Command("run", "Serve the targets until Ctrl-C or SIGTERM.\nExample: lunaria run --config appliance.json --portal 0.0.0.0:3260");
        configuration.AddTo(command);
        var takeOver = new Option<bool>("--take-over") { Description = "Take the object store from the appliance that has it, which must be stopped for good. For one start." };
        command.Add(takeOver);
        command.SetAction(async parsed =>
        {
            var output = parsed.InvocationConfiguration;
            try
            {
                using var stop = new StopSignals();
                await ApplianceHost.RunAsync(configuration.Read(parsed), parsed.GetValue(takeOver), output.Output, TimeProvider.System, stop.Token);
                return ExitCode.Ok;
            }
            catch (SettingsException e)
            {
                await output.Error.WriteLineAsync(e.Message);
                return ExitCode.WrongUsage;
            }
            catch (StartException e)
            {
                await output.Error.WriteLineAsync($"lunaria: {e.Message}");
                return ExitCode.Failed;
            }
        });
        return command;
    }
}
