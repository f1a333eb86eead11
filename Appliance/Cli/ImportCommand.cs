using System.CommandLine;
using System.Diagnostics.Metrics;
using Lunaria.Appliance.Hosting;
using Lunaria.Appliance.Settings;
using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;
using Lunaria.WebUi.Catalog;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Appliance.Cli;

/// <summary><c>lunaria import</c>: rebuilds an appliance in an empty data directory from what its object store has.</summary>
internal static class ImportCommand
{
    /// <summary>The verb.</summary>
    public static Command Create(ConfigurationOptions configuration)
    {
        var command = new Command(
            "import",
            "Rebuild volumes, snapshots, targets, access and users in an empty data directory from the object store. Another appliance that uses the store stops.\nExample: lunaria import --config appliance.json --recovery-key recovery.key");
        configuration.AddDirectoryTo(command);
        var key = new Option<string?>("--recovery-key") { Description = "The file with what 'lunaria recovery-key' printed: CHAP secrets are read with it.", HelpName = "FILE" };
        var without = new Option<bool>("--without-secrets") { Description = "There is no recovery key: initiators with CHAP are let in again once they get new secrets." };
        command.Add(key);
        command.Add(without);
        command.Does(ExitCode.Failed, async (parsed, output, stop) =>
        {
            await RunAsync(configuration.Read(parsed), parsed.GetValue(key), parsed.GetValue(without), configuration.GetFile(parsed), output, stop);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task RunAsync(ApplianceSettings settings, string? keyFile, bool withoutSecrets, string configurationFile, TextWriter output, CancellationToken stop)
    {
        var key = keyFile == null ? null : RecoveryKey.Parse(await File.ReadAllTextAsync(keyFile, stop));
        using var data = DataDirectory.Acquire(settings);
        using var meter = new Meter("Lunaria.Import");
        await using var backend = await BackendStore.OpenAsync(settings, without: [], isFirstStart: false, meter, TimeProvider.System, NullLoggerFactory.Instance, stop);
        if (backend.Store.Capabilities.IsShared)
            await output.WriteLineAsync("taking the object store; an appliance that uses it stops");
        await backend.ClaimForImportAsync(data.FullPath, TimeProvider.System, NullLoggerFactory.Instance, stop);
        using var disk = new FileSystemDisk(settings.Log.Directory);
        var recovery = new CatalogRecovery(disk, data.FullPath, backend.Store, TimeProvider.System, NullLogger.Instance);
        var sealedAccess = new SealedAccess(data.FullPath, key, withoutSecrets);
        var report = await recovery.ImportAsync(new WriteLogOptions { SizeBytes = settings.Log.Size.Bytes }, sealedAccess.Prepare, stop);

        await output.WriteLineAsync($"imported pool {report.PoolId}: {report.Volumes.Count} volumes, {report.Snapshots} snapshots");
        foreach (var volume in report.Volumes)
            await output.WriteLineAsync($"  {volume}");
        await output.WriteLineAsync(report.HasLog
            ? "journal and write log were there: nothing that was acknowledged is lost"
            : $"whole up to {report.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, log position {report.Lsn}; what was written later is lost");
        if (report is { HasLog: false, IsPoint: false })
            await output.WriteLineAsync("the object store was full then, or a clone was made independent, so blocks written over just before may show what was there earlier: have your hosts check their file systems");
        foreach (var lost in sealedAccess.Removed)
            await output.WriteLineAsync($"no secret: {lost} is refused until it gets a new one: lunaria initiator chap");
        await output.WriteLineAsync($"start it: lunaria run --config {configurationFile}");
    }
}
