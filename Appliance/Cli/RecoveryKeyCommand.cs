using System.CommandLine;
using System.Text;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Security;

namespace Lunaria.Appliance.Cli;

/// <summary><c>lunaria recovery-key</c>: what has to be kept outside this machine, so that its secrets can be read on another one. Reads the data directory itself.</summary>
internal static class RecoveryKeyCommand
{
    /// <summary>The verb.</summary>
    public static Command Create(ConfigurationOptions configuration)
    {
        var command = new Command(
            "recovery-key",
            "Print what to keep outside this machine: with it, 'lunaria import' reads the CHAP secrets in the object store elsewhere.\nExample: lunaria recovery-key --output recovery.key");
        configuration.AddDirectoryTo(command);
        var file = new Option<string?>("--output") { Description = "A file to write, readable by its owner only, in place of printing it.", HelpName = "FILE" };
        command.Add(file);
        command.Does(ExitCode.Failed, async (parsed, output, _) =>
        {
            var directory = configuration.GetDataDirectory(parsed);
            if (RecoveryKey.Export(directory) is not { } key)
                throw new InvalidDataException($"there is no secrets.key in {directory}: start the appliance once, or name its data directory with --data DIR");
            if (parsed.GetValue(file) is { } path)
                PrivateFile.Write(Path.GetFullPath(path), Encoding.ASCII.GetBytes(key + "\n"));
            await output.WriteLineAsync(parsed.GetValue(file) is { } written ? $"wrote {Path.GetFullPath(written)}" : key);
            return ExitCode.Ok;
        });
        return command;
    }
}
