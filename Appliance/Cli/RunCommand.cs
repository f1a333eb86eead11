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
        var without = new Option<string[]>("--without")
        {
            Description = "Go on without a component of the pool that is gone for good: its path or id. What has no copy elsewhere is lost. For one start.",
            HelpName = "COMPONENT",
        };
        var service = new Option<bool>("--windows-service") { Description = "Windows' service control manager starts it, and says when to stop." };
        command.Add(takeOver);
        command.Add(without);
        command.Add(service);
        command.SetAction(async parsed =>
        {
            var choices = new StartChoices(parsed.GetValue(takeOver), parsed.GetValue(without) ?? []);
            if (parsed.GetValue(service) && OperatingSystem.IsWindows())
                return await WindowsService.RunAsync(stop => ServeAsync(parsed, configuration, choices, stop));
            using var signals = new StopSignals();
            return await ServeAsync(parsed, configuration, choices, signals.Token);
        });
        return command;
    }

    private static async Task<int> ServeAsync(ParseResult parsed, ConfigurationOptions configuration, StartChoices choices, CancellationToken stop)
    {
        var output = parsed.InvocationConfiguration;
        try
        {
            await ApplianceHost.RunAsync(configuration.Read(parsed), choices, output.Output, TimeProvider.System, stop);
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
    }
}
