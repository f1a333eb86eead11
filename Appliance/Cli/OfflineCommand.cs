using System.CommandLine;
using Lunaria.Appliance.Hosting;
using Lunaria.Appliance.Settings;
using Lunaria.Volumes.Backend;
using Microsoft.Data.Sqlite;

namespace Lunaria.Appliance.Cli;

/// <summary>What verbs have in common that work on the data directory and the store themselves, without a running appliance. Stateless.</summary>
internal static class OfflineCommand
{
    /// <summary>
    /// A verb does <paramref name="work"/>, which gives the exit code and is told to stop by the process's signals. A failure that has a message for the operator is that line, and ends with
    /// <paramref name="failed"/>; wrong settings end with <see cref="ExitCode.WrongUsage"/>.
    /// </summary>
    public static void Does(this Command command, int failed, Func<ParseResult, TextWriter, CancellationToken, Task<int>> work) => command.SetAction(async parsed =>
    {
        var output = parsed.InvocationConfiguration;
        try
        {
            using var stop = new StopSignals();
            return await work(parsed, output.Output, stop.Token);
        }
        catch (SettingsException e)
        {
            await output.Error.WriteLineAsync(e.Message);
            return ExitCode.WrongUsage;
        }
        catch (Exception e) when (e is StartException or IOException or UnauthorizedAccessException or InvalidDataException or ObjectStoreException or SqliteException or OperationCanceledException)
        {
            await output.Error.WriteLineAsync($"lunaria: {e.Message}");
            return failed;
        }
    });
}
