using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// What helps to find out what is wrong, in one zip file: what the API shows anyway, and the newest messages. Views hold no secrets and messages never do, so
/// there is none in it, nor any data of hosts. Any thread.
/// </summary>
internal static class SupportBundle
{
    private const int MaxEntries = 1000;
    private const long MaxLogBytes = 16 << 20;

    /// <summary>Makes it. <paramref name="logFile"/>: the name of the message log, whose dated files lie beside it; null = none.</summary>
    public static byte[] Write(ApplianceServices services, ApplianceStatus status, string? logFile)
    {
        using var content = new MemoryStream();
        using (var zip = new ZipArchive(content, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, "status.json", status.Report(), ApiJson.Default.StatusView);
            Add(zip, "settings.json", services.Settings.List(), ApiJson.Default.IReadOnlyListSettingView);
            Add(zip, "volumes.json", services.Volumes.List(), ApiJson.Default.IReadOnlyListVolumeView);
            Add(zip, "targets.json", services.Targets.List(), ApiJson.Default.IReadOnlyListTargetView);
            Add(zip, "sessions.json", services.Sessions.List(), ApiJson.Default.IReadOnlyListSessionView);
            Add(zip, "jobs.json", services.Jobs.List(), ApiJson.Default.IReadOnlyListJobView);
            Add(zip, "events.json", services.Events.List(long.MaxValue, Severity.Information, MaxEntries), ApiJson.Default.IReadOnlyListEventView);
            Add(zip, "audit.json", services.Audit.Read(long.MaxValue, MaxEntries), ApiJson.Default.IReadOnlyListAuditView);
            Add(zip, "metrics.txt", Encoding.UTF8.GetBytes(status.WriteMetrics()));
            Add(zip, "machine.txt", Encoding.UTF8.GetBytes(Machine()));
            AddLogs(zip, logFile);
        }

        return content.ToArray();
    }

    private static void Add<T>(ZipArchive zip, string name, T view, JsonTypeInfo<T> type) => Add(zip, name, JsonSerializer.SerializeToUtf8Bytes(view, type));

    private static void Add(ZipArchive zip, string name, byte[] content)
    {
        using var entry = zip.CreateEntry(name, CompressionLevel.Fastest).Open();
        entry.Write(content);
    }

    private static string Machine() =>
        $"""
        os          {System.Runtime.InteropServices.RuntimeInformation.OSDescription}
        runtime     {System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription}
        processors  {Environment.ProcessorCount}
        memory      {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes} bytes
        resident    {Environment.WorkingSet} bytes
        threads     {ThreadPool.ThreadCount}

        """;

    /// <summary>The newest files, as many as fit; of one that is longer its end.</summary>
    private static void AddLogs(ZipArchive zip, string? logFile)
    {
        if (logFile == null || Path.GetDirectoryName(logFile) is not { } directory || !Directory.Exists(directory))
            return;
        var left = MaxLogBytes;
        foreach (var path in Directory.EnumerateFiles(directory, $"{Path.GetFileNameWithoutExtension(logFile)}*{Path.GetExtension(logFile)}").OrderDescending(StringComparer.Ordinal))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var length = Math.Min(left, file.Length);
            if (length == 0)
                return;
            file.Seek(-length, SeekOrigin.End);
            var text = new byte[length];
            file.ReadExactly(text);
            Add(zip, $"logs/{Path.GetFileName(path)}", text);
            left -= length;
        }
    }
}
