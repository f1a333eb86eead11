using System.CommandLine;
using System.Text.Json;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria volume check</c>, <c>lunaria pool audit</c> and <c>lunaria gc ...</c>.</summary>
internal static class IntegrityVerbs
{
    /// <summary><c>gc</c>.</summary>
    public static Command Collection(VerbFactory verbs) => VerbFactory.Noun(
        "gc",
        "Garbage collection: gives back the space of what was written over.",
        verbs.Create("status", "State, rate, and what could be given back of each volume.", "gc status", call =>
            call.ShowAsync(HttpMethod.Get, "gc", ApiJson.Default.CollectionView, view => Show(view, call.Output))),
        verbs.Create("pause", "Begin no round by itself, until resumed or started again.", "gc pause", call => EditAsync(call, new EditCollection { Paused = true })),
        verbs.Create("resume", "Go on after a pause.", "gc resume", call => EditAsync(call, new EditCollection { Paused = false })),
        Rate(verbs),
        Run(verbs));

    /// <summary><c>scrub</c>.</summary>
    public static Command Verification(VerbFactory verbs)
    {
        var rate = VerbFactory.SizeOption("--rate", "What is read a second; 0B = it rests.", required: true);
        return VerbFactory.Noun(
            "scrub",
            "Background verification: reads all data over and over, and compares checksums.",
            verbs.Create("status", "Rate, progress, and what was found.", "scrub status", call =>
                call.ShowAsync(HttpMethod.Get, "scrub", ApiJson.Default.VerificationView, view => Show(view, call.Output))),
            verbs.Create("limit", "Say how much is read a second. Stays over restarts.", "scrub limit --rate 8MiB", call => call.ShowAsync(
                HttpMethod.Patch, "scrub", new EditVerification { BytesPerSecond = call.Get(rate)!.Value }, ApiJson.Default.EditVerification, ApiJson.Default.VerificationView, view => Show(view, call.Output)), [rate]));
    }

    /// <summary><c>backup</c>.</summary>
    public static Command Backup(VerbFactory verbs) => VerbFactory.Noun(
        "backup",
        "Copies of lunaria.db: volumes, snapshots, targets, access, users.",
        verbs.Create("create", "Copy lunaria.db, while it is in use, to backups in the data directory; the newest 30 stay. secrets.key belongs to it.", "backup create", call =>
            call.ShowAsync(HttpMethod.Post, "backups", ApiJson.Default.BackupView, view => call.Output.WriteLine($"{view.Path} ({VerbCall.Size(view.LengthBytes)})"))));

    /// <summary><c>volume check</c>: without a name everything is checked.</summary>
    public static Command Check(VerbFactory verbs)
    {
        var name = new Argument<string?>("NAME") { Description = "The volume; everything where left out.", Arity = ArgumentArity.ZeroOrOne };
        var read = new Option<bool>("--read-blocks") { Description = "Read every block and compare its checksum; takes as long as reading all data." };
        var rate = VerbFactory.SizeOption("--rate", "Most that is read a second.");
        return verbs.Create(
            "check",
            "Check metadata, map and pool against each other, while volumes are in use. Changes nothing; see also: lunaria fsck.",
            "volume check disk1 --read-blocks",
            async call =>
            {
                await JobVerbs.BeginAsync(
                    call, HttpMethod.Post, "integrity/checks", new StartCheck { Volume = call.Get(name), ReadBlocks = call.Get(read), BytesPerSecond = call.Get(rate) ?? 0 }, ApiJson.Default.StartCheck, wait: true, "checked");
                var report = JsonSerializer.Deserialize(await call.Api.SendAsync(HttpMethod.Get, "integrity/checks/last"), ApiJson.Default.CheckReportView)!;
                if (report.IsSound)
                    return;
                if (!call.IsJson)
                    foreach (var finding in report.Findings)
                        await call.Output.WriteLineAsync($"{finding.Kind}: {finding.Subject}: {finding.Detail}. {finding.Remedy}");
                throw new VerbException(ExitCode.Failed, $"{report.Findings.Count + report.LeftOut} damages were found");
            },
            [name, read, rate]);
    }

    /// <summary><c>volume recover</c>.</summary>
    public static Command Recover(VerbFactory verbs)
    {
        var name = new Argument<string>("NAME") { Description = "The volume." };
        return verbs.Create(
            "recover",
            "Bring a volume back from quarantine: its map is put right where that can be proven, and what was written meanwhile applied.",
            "volume recover disk1",
            call => JobVerbs.BeginAsync(call, HttpMethod.Post, $"volumes/{VerbCall.Part(call.Get(name))}/recover", wait: true, "recovered"),
            [name]);
    }

    /// <summary><c>pool audit</c>.</summary>
    public static Command Audit(VerbFactory verbs)
    {
        var clear = new Option<int?>("--clear-after") { Description = "Delete objects that nothing has named since an audit at least so many hours ago.", HelpName = "HOURS" };
        return verbs.Create(
            "audit",
            "Compare the objects of the pool with what is named: live, orphan and missing ones.",
            "pool audit --clear-after 24",
            async call =>
            {
                var seconds = call.Get(clear) is { } hours ? hours * 3600L : (long?)null;
                await JobVerbs.BeginAsync(call, HttpMethod.Post, "integrity/audits", new StartAudit { ClearAfterSeconds = seconds }, ApiJson.Default.StartAudit, wait: true, "audited");
                var report = JsonSerializer.Deserialize(await call.Api.SendAsync(HttpMethod.Get, "integrity/audits/last"), ApiJson.Default.AuditReportView)!;
                if (!call.IsJson)
                {
                    foreach (var orphan in report.Orphans)
                        await call.Output.WriteLineAsync($"orphan  {orphan.Key} ({VerbCall.Size(orphan.LengthBytes)}, known since {orphan.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC)");
                    foreach (var missing in report.Missing)
                        await call.Output.WriteLineAsync($"missing {missing}");
                }

                if (report.Missing.Count > 0)
                    throw new VerbException(ExitCode.Failed, $"{report.Missing.Count} objects that volumes need are missing: restore them");
            },
            [clear]);
    }

    private static Command Rate(VerbFactory verbs)
    {
        var rate = VerbFactory.SizeOption("--rate", "Most that is copied a second; 0B = no limit.", required: true);
        return verbs.Create("limit", "Limit what is copied a second. Stays over restarts.", "gc limit --rate 64MiB", call => EditAsync(call, new EditCollection { BytesPerSecond = call.Get(rate) }), [rate]);
    }

    private static Command Run(VerbFactory verbs)
    {
        var noWait = JobVerbs.NoWaitOption();
        return verbs.Create("run", "Collect all garbage that is worth it, now.", "gc run", call => JobVerbs.BeginAsync(call, HttpMethod.Post, "gc/run", !call.Get(noWait), "collected"), [noWait]);
    }

    private static Task EditAsync(VerbCall call, EditCollection wanted) => call.ShowAsync(
        HttpMethod.Patch, "gc", wanted, ApiJson.Default.EditCollection, ApiJson.Default.CollectionView, view => Show(view, call.Output));

    private static void Show(VerificationView view, TextWriter output)
    {
        output.WriteLine($"rate     {(view.BytesPerSecond == 0 ? "rests" : $"{VerbCall.Size(view.BytesPerSecond)} a second")}");
        output.WriteLine($"read     {VerbCall.Size(view.ReadBytes)} since the start; segment {view.Position} of {view.End} in this pass, {view.Passes} ended{(view.LastPass is { } last ? $", the last at {last.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC" : "")}");
        output.WriteLine($"damaged  {view.Damages.Count}");
        foreach (var damage in view.Damages)
            output.WriteLine($"{damage.Kind}: {damage.Detail}");
    }

    private static void Show(CollectionView view, TextWriter output)
    {
        output.WriteLine($"state    {view.State}");
        output.WriteLine($"rate     {(view.BytesPerSecond == 0 ? "no limit" : $"{VerbCall.Size(view.BytesPerSecond)} a second")}");
        output.WriteLine($"copied   {VerbCall.Size(view.CopiedBytes)} since the start");
        output.WriteLine($"garbage  {VerbCall.Size(view.GarbageBytes)} of {VerbCall.Size(view.StoredBytes)}");
        var table = new TextTable("VOLUME", "STORED", "GARBAGE");
        foreach (var volume in view.Volumes)
            table.Add(volume.Volume, VerbCall.Size(volume.StoredBytes), VerbCall.Size(volume.GarbageBytes));
        table.Write(output, "STORED", "GARBAGE");
    }
}
