using Lunaria.Volumes.Check;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Log;

/// <summary>The ring of files as one range of positions. Owned by its log; any thread. No call may cross the end of a file.</summary>
internal sealed class LogFiles : IDisposable
{
    private readonly IDiskFile[] _files;

    private LogFiles(LogLabel label, IDiskFile[] files) => (Label, _files) = (label, files);

    public LogLabel Label { get; }

    public ulong FileBytes => (ulong)Label.FileBytes;

    public ulong CapacityBytes => (ulong)Label.CapacityBytes;

    /// <summary>Opens the files of a label; each must be there in its full length.</summary>
    public static LogFiles Open(IDisk disk, LogLabel label)
    {
        IDiskFile[] files = new IDiskFile[label.FileCount];
        LogFiles opened = new(label, files);
        try
        {
            for (int slot = 0; slot < files.Length; slot++)
            {
                string name = label.NameOf(slot);
                if (!disk.Exists(name))
                    throw new LogDamagedException(
                        CheckKinds.LogFileMissing, $"File \'{name}\' of the write log is missing. Restore it: it may hold writes that are nowhere else.");
                files[slot] = disk.Open(name, create: false);
                if (files[slot].LengthBytes != label.FileBytes)
                    throw new LogDamagedException(
                        CheckKinds.LogFileLength, $"File '{name}' of the write log has {files[slot].LengthBytes} bytes instead of {label.FileBytes}. Restore it.");
            }
        }
        catch
        {
            opened.Dispose();
            throw;
        }
        return opened;
    }

    /// <summary>Makes the files of a label, with their space taken, durably.</summary>
    public static async ValueTask CreateAsync(IDisk disk, LogLabel label)
    {
        for (int slot = 0; slot < label.FileCount; slot++)
        {
            using IDiskFile file = disk.Open(label.NameOf(slot), create: true);
            file.Reserve(0, label.FileBytes);
            file.SetLength(label.FileBytes);
            await file.FlushAsync();
        }
        await disk.FlushDirectoryAsync("");
    }

    /// <summary>Deletes the files of other logs.</summary>
    public static void DeleteOthers(IDisk disk, LogLabel label)
    {
        foreach (string name in disk.List(""))
            if (name.StartsWith("log-", StringComparison.Ordinal) && !name.StartsWith(label.NamePrefix, StringComparison.Ordinal))
                disk.Delete(name);
    }

    /// <summary>Bytes from a position to the end of its file.</summary>
    public ulong RestOfFile(ulong lsn) => FileBytes - (lsn % FileBytes);

    /// <summary>Name of the file that holds a position, for messages.</summary>
    public string NameAt(ulong lsn) => Label.NameOf(SlotOf(lsn));

    public long OffsetOf(ulong lsn) => (long)(lsn % FileBytes);

    public void Write(ulong lsn, ReadOnlySpan<byte> head, ReadOnlySpan<ReadOnlyMemory<byte>> pieces) =>
        _files[SlotOf(lsn)].WriteGather(OffsetOf(lsn), head, pieces);

    public bool TryRead(ulong lsn, Span<byte> destination) => _files[SlotOf(lsn)].TryRead(OffsetOf(lsn), destination);

    public ValueTask ReadAsync(ulong lsn, Memory<byte> destination) => _files[SlotOf(lsn)].ReadAsync(OffsetOf(lsn), destination);

    /// <summary>Flushes the file that holds a position.</summary>
    public ValueTask FlushFileAsync(ulong lsn) => _files[SlotOf(lsn)].FlushAsync();

    /// <summary>The start of the file behind the one that holds a position.</summary>
    public ulong NextFile(ulong lsn) => lsn + RestOfFile(lsn);

    public void Dispose()
    {
        foreach (IDiskFile? file in _files)
            file?.Dispose();
    }

    private int SlotOf(ulong lsn) => (int)(lsn / FileBytes % (ulong)_files.Length);
}
