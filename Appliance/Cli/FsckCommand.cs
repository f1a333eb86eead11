using System.CommandLine;
using System.Diagnostics.Metrics;
using Lunaria.Appliance.Hosting;
using Lunaria.Appliance.Settings;
using Lunaria.Volumes.Check;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Appliance.Cli;

/// <summary>
/// <c>lunaria fsck</c>: checks everything that a stopped appliance has left, and repairs what can be repaired where that is asked for. It ends as fsck(8) does.
/// </summary>
internal static class FsckCommand
{
    /// <summary>Exit codes beside 0 (all is sound): all damage was repaired; damage is left; it could not be checked.</summary>
    private const int Repaired = 1, DamageLeft = 4, NotChecked = 8;

    /// <summary>The verb.</summary>
    public static Command Create(ConfigurationOptions configuration)
    {
        var command = new Command(
            "fsck",
            "Check everything that a stopped appliance has left: log, journal, map, metadata, pool. Exit code 0: sound, 1: all damage repaired, 4: damage left, 8: could not be checked.\nExample: lunaria fsck --config appliance.json --repair");
        configuration.AddTo(command);
        var repair = new Option<bool>("--repair") { Description = "Repair what can be told from what is whole. Keep a copy of the data directory first." };
        var quick = new Option<bool>("--headers-only") { Description = "Do not read the blocks of segments." };
        command.Add(repair);
        command.Add(quick);
        command.Does(NotChecked, (parsed, output, stop) => RunAsync(configuration.Read(parsed), parsed.GetValue(repair), !parsed.GetValue(quick), output, stop));
        return command;
    }

    private static async Task<int> RunAsync(ApplianceSettings settings, bool repair, bool readBlocks, TextWriter output, CancellationToken stop)
    {
        using var data = DataDirectory.Acquire(settings);
        if (data.IsNew)
            throw new StartException($"there is no appliance in {data.FullPath}. Name its directory with --data DIR");
        using var meter = new Meter("Lunaria.Fsck");
        await using var backend = await BackendStore.OpenAsync(settings, without: [], isFirstStart: false, meter, TimeProvider.System, NullLoggerFactory.Instance, stop);
        using var disk = new FileSystemDisk(settings.Log.Directory);
        foreach (var finding in backend.Findings)
            await output.WriteLineAsync(finding);
        var report = await OfflineCheck.RunAsync(disk, data.FullPath, backend.Store, new CheckOptions { ReadBlocks = readBlocks, Repair = repair }, TimeProvider.System, stop);
        foreach (var finding in report.Findings)
            await output.WriteLineAsync($"{finding.Kind}: {finding.Subject}: {finding.Detail}{(finding.Repaired ? " (repaired)" : $". {CheckKinds.Meaning.GetValueOrDefault(finding.Kind)}")}");
        if (report.LeftOut > 0)
            await output.WriteLineAsync($"and {report.LeftOut} more");
        await output.WriteLineAsync($"{report.Leaves} leaves, {report.Segments} segments, {report.BlocksRead} blocks, {report.LogRecords} log records: {(report.Findings.Count == 0 ? "sound" : $"{report.Findings.Count + report.LeftOut} damages, {report.Findings.Count(finding => finding.Repaired)} repaired")}");
        return report.Findings.Count == 0 ? ExitCode.Ok : report.IsSound ? Repaired : DamageLeft;
    }
}
