using System.Security.Cryptography;
using Lunaria.Volumes.Check;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Log;

/// <summary>Finds or makes the files of a log, replays it, and hands it over ready to be written to. Used once.</summary>
internal sealed class LogOpener(IDisk disk, WriteLogOptions options, ILogger logger)
{
    public async ValueTask<WriteLog> OpenAsync(LogPosition start, LogReplayVisitor visitor, CancellationToken cancellation)
    {
        options.ThrowIfImpossible();
        LogLabel? label = await LogLabel.ReadAsync(disk);
        if (label is null && start != LogPosition.Start)
            throw new LogDamagedException(
                CheckKinds.LogLabelMissing, $"There is no write log ('{LogLabel.FileName}' is missing), but writes up to position {start.Lsn} went through one. Restore its files.");
        label ??= await CreateAsync();
        LogFiles files = LogFiles.Open(disk, label);
        try
        {
            LogPosition end = await ReplayAsync(files, start, visitor, cancellation);
            if (end == start && (label.FileBytes != options.FileBytes || label.FileCount != options.FileCount))
            {
                files.Dispose();
                label = await CreateAsync();
                files = LogFiles.Open(disk, label);
            }
            else if (label.FileBytes != options.FileBytes || label.FileCount != options.FileCount)
            {
                logger.LogWarning(
                    "The write log keeps its size of {Count} files of {Bytes} bytes until it is opened empty; {NewCount} of {NewBytes} are configured.",
                    label.FileCount, label.FileBytes, options.FileCount, options.FileBytes);
            }
            LogFiles.DeleteOthers(disk, label);
            return new(files, start.Lsn, end, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))), logger);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Makes an empty log.</summary>
    public async ValueTask<LogLabel> CreateAsync()
    {
        LogLabel label = new(Guid.NewGuid(), options.FileBytes, options.FileCount);
        await LogFiles.CreateAsync(disk, label);
        await label.WriteAsync(disk);
        return label;
    }

    private async ValueTask<LogPosition> ReplayAsync(LogFiles files, LogPosition start, LogReplayVisitor visitor, CancellationToken cancellation)
    {
        LogReplay replay = new(files, visitor, cancellation);
        LogPosition end = await replay.RunAsync(start);
        logger.LogInformation(
            "Write log: {Count} records from {Start} to {End}; there: {Cause}.", replay.RecordCount, start.Lsn, end.Lsn, replay.EndCause);
        if (await replay.FindProofOfDamageAsync(start.Lsn) is { } proof)
        {
            string message = $"The write log is damaged at byte {files.OffsetOf(end.Lsn)} of '{files.NameAt(end.Lsn)}' ({replay.EndCause}), although the "
                + $"record at byte {files.OffsetOf(proof)} of '{files.NameAt(proof)}' shows that it was durable. Writes behind the damage would be lost.";
            if (!options.DiscardDamagedTail)
                throw new LogDamagedException(CheckKinds.LogRecordDamaged, message + " Restore the file, or set the option that discards the damaged tail.");
            logger.LogError("{Message} They are discarded, as the options want it.", message);
        }
        // What a killed process left in the page cache is served from now on, so it must not be lost later than what follows it.
        for (ulong lsn = start.Lsn; lsn < end.Lsn; lsn = files.NextFile(lsn))
            await files.FlushFileAsync(lsn);
        return end;
    }
}
