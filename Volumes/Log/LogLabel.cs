using System.Buffers.Binary;
using Lunaria.Volumes.Check;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Log;

/// <summary>
/// Which files are a log: its id and the sizes of its ring (docs/FORMATS.md, "Write log"). Replaced as a whole, so it is either the old or the new one.
/// </summary>
internal sealed record LogLabel(Guid LogId, long FileBytes, int FileCount)
{
    public const string FileName = "log.label";

    private const string NewFileName = "log.label.new";
    private const ulong Magic = 0x6C62_4C67_6F4C_754C; // "LuLogLbl"
    private const uint Version = 2;
    private const int LabelBytes = 4096, CrcOffset = LabelBytes - 4;

    public long CapacityBytes => FileBytes * FileCount;

    /// <summary>Files of one log have its id in their names: a log that replaces another never touches its files.</summary>
    public string NameOf(int slot) => $"{NamePrefix}{slot:D4}";

    public string NamePrefix => $"log-{LogId.ToString("N")[..8]}-";

    /// <summary>The label of the log on a disk, or null where there is none.</summary>
    public static async ValueTask<LogLabel?> ReadAsync(IDisk disk)
    {
        if (!disk.Exists(FileName))
            return null;
        using IDiskFile file = disk.Open(FileName, create: false);
        byte[] bytes = new byte[LabelBytes];
        if (file.LengthBytes != LabelBytes)
            throw new LogDamagedException(CheckKinds.LogLabelDamaged, $"'{FileName}' of the write log has {file.LengthBytes} bytes instead of {LabelBytes}. Restore the file.");
        await file.ReadAsync(0, bytes);
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(CrcOffset)) != Crc32C.Compute(bytes.AsSpan(0, CrcOffset)))
            throw new LogDamagedException(CheckKinds.LogLabelDamaged, $"'{FileName}' is not the label of a write log, or damaged (magic or checksum is wrong). Restore the file.");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8));
        if (version != Version)
            throw new LogDamagedException(CheckKinds.LogLabelDamaged, $"The write log has format {version}; this program knows {Version}. Start the program that wrote it.");
        return new(
            new(bytes.AsSpan(16, 16), bigEndian: true),
            BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(32)),
            BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(40)));
    }

    /// <summary>Puts this label in the place of the one there is, durably.</summary>
    public async ValueTask WriteAsync(IDisk disk)
    {
        byte[] bytes = new byte[LabelBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Version);
        LogId.TryWriteBytes(bytes.AsSpan(16), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), FileBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(40), FileCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(CrcOffset), Crc32C.Compute(bytes.AsSpan(0, CrcOffset)));
        using (IDiskFile file = disk.Open(NewFileName, create: true))
        {
            file.SetLength(LabelBytes);
            file.Write(0, bytes);
            await file.FlushAsync();
        }
        disk.Rename(NewFileName, FileName);
        await disk.FlushDirectoryAsync("");
    }
}
