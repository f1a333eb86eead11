using System.CommandLine;
using Lunaria.Appliance.Settings;

namespace Lunaria.Appliance.Cli;

/// <summary><c>lunaria schema</c>: the JSON schema of appliance.json, for editors; the repository's appliance.schema.json is its output.</summary>
internal static class SchemaCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("schema", "Print the JSON schema of appliance.json.\nExample: lunaria schema > appliance.schema.json");
        command.SetAction(parsed => parsed.InvocationConfiguration.Output.Write(SettingsSchema.Write()));
        return command;
    }
}
