using System.CommandLine;
using System.Runtime.InteropServices;
using Lunaria.Appliance.Hosting;

namespace Lunaria.Appliance.Cli;

/// <summary><c>lunaria version</c>: what runs here.</summary>
internal static class VersionCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("version", "Say which version this is, and on what it runs.\nExample: lunaria version");
        command.SetAction(parsed =>
            parsed.InvocationConfiguration.Output.WriteLine(
                $"lunaria {ProductVersion.Text} ({RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier})"));
        return command;
    }
}
