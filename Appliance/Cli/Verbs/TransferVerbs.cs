using System.CommandLine;
using System.Text.Json;
using Lunaria.Volumes.Transfer;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria volume export</c> and <c>import</c>.</summary>
internal static class TransferVerbs
{
    public static Command Export(VerbFactory verbs)
    {
        var volume = new Argument<string>("VOLUME") { Description = "The volume's name." };
        var snapshot = new Argument<string>("SNAPSHOT") { Description = "The snapshot of it to export." };
        var since = new Option<string?>("--since") { Description = "Only what differs from this older snapshot of the volume.", HelpName = "SNAPSHOT" };
        var to = new Option<FileInfo?>("--to") { Description = "The file to write; standard output where left out.", HelpName = "FILE" };
        var resume = new Option<bool>("--resume") { Description = "Go on where the file ends, after it was broken off." };
        return verbs.Create(
            "export",
            "Write a snapshot of a volume, or what changed between two, to a file. It is read back and its hashes are checked.",
            "volume export disk1 monday --to disk1.export",
            call => ExportAsync(call, call.Get(volume), call.Get(snapshot), call.Get(since), call.Get(to), call.Get(resume)),
            [volume, snapshot, since, to, resume]);
    }

    public static Command Import(VerbFactory verbs)
    {
        var name = new Argument<string>("NAME") { Description = "The volume: a new one, or for changes the one that has what they begin at." };
        var from = new Option<FileInfo?>("--from") { Description = "The file to read; standard input where left out.", HelpName = "FILE" };
        var resume = new Option<bool>("--resume") { Description = "Go on where the last import of this volume broke off." };
        return verbs.Create(
            "import",
            "Make a volume of an export, or bring one up to date with exported changes. At the end it has a copy of the exported snapshot.",
            "volume import disk3 --from disk1.export",
            call => ImportAsync(call, call.Get(name), call.Get(from), call.Get(resume)),
            [name, from, resume]);
    }

    private static async Task ExportAsync(VerbCall call, string volume, string snapshot, string? since, FileInfo? to, bool resume)
    {
        var path = $"volumes/{VerbCall.Part(volume)}/snapshots/{VerbCall.Part(snapshot)}/export?{(since == null ? "" : $"since={VerbCall.Part(since)}")}";
        try
        {
            if (to == null)
            {
                if (resume)
                    throw new VerbException(ExitCode.WrongUsage, "--resume needs the file to go on with: --to FILE");
                await using var output = Console.OpenStandardOutput();
                await call.Api.DownloadAsync(path, output);
                return;
            }

            await using var file = new FileStream(to.FullName, resume ? FileMode.Open : FileMode.CreateNew, FileAccess.ReadWrite);
            if (resume)
            {
                var (position, fileBytes, isWhole) = ExportFile.Scan(file);
                file.SetLength(fileBytes);
                file.Position = fileBytes;
                path += $"&offset={position.OffsetBytes}&hash={position.Hash}";
                if (isWhole)
                {
                    call.Output.WriteLine($"{to.Name} is whole: {VerbCall.Size(fileBytes)}");
                    return;
                }
            }

            await call.Api.DownloadAsync(path, file);
            file.Flush(flushToDisk: true);
            file.Position = 0;
            var (_, bytes, whole) = ExportFile.Scan(file);
            if (!whole)
                throw new VerbException(ExitCode.Failed, $"{to.Name} is not whole, or its hashes are wrong behind {bytes} bytes: go on with --resume");
            call.Output.WriteLine($"{to.Name} is whole: {VerbCall.Size(bytes)}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new VerbException(ExitCode.Failed, $"the export was broken off: {e.Message} Go on with --resume where the file is a beginning");
        }
    }

    /// <summary>Said before all of a large file was sent for nothing.</summary>
    private static async Task CheckNewAsync(VerbCall call, string name, Stream file)
    {
        var header = new byte[ExportHeader.Bytes];
        await file.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false);
        var export = ExportHeader.Decode(header);
        file.Position = 0;
        var volumes = JsonSerializer.Deserialize(await call.Api.SendAsync(HttpMethod.Get, "volumes"), ApiJson.Default.IReadOnlyListVolumeView)!;
        var exists = volumes.Any(volume => volume.Name == name);
        if (exists && export.Since == Guid.Empty)
            throw new VerbException(ExitCode.Failed, $"there is a volume {name} already, and this file has a whole volume: choose another name, or --resume");
        if (!exists && export.Since != Guid.Empty)
            throw new VerbException(ExitCode.Failed, $"there is no volume {name}, and this file has only changes: import the whole volume first");
    }

    private static async Task ImportAsync(VerbCall call, string name, FileInfo? from, bool resume)
    {
        try
        {
            await using Stream input = from == null ? Console.OpenStandardInput() : from.OpenRead();
            if (resume)
            {
                if (from == null)
                    throw new VerbException(ExitCode.WrongUsage, "--resume needs the file to go on with: --from FILE");
                var import = JsonSerializer.Deserialize(await call.Api.SendAsync(HttpMethod.Get, $"volumes/{VerbCall.Part(name)}/import"), ApiJson.Default.ImportView)!;
                ExportFile.Seek(input, import.OffsetBytes);
            }

            else if (from != null)
            {
                await CheckNewAsync(call, name, input);
            }

            var answer = await call.Api.UploadAsync($"volumes/{VerbCall.Part(name)}/import?resume={(resume ? "true" : "false")}", input);
            if (call.IsJson)
                call.Output.WriteLine(answer);
            else
                VolumeVerbs.Show([JsonSerializer.Deserialize(answer, ApiJson.Default.VolumeView)!], call.Output);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new VerbException(ExitCode.Failed, $"{from?.Name ?? "standard input"} cannot be read: {e.Message}");
        }
    }
}
