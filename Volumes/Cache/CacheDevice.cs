using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// A file or block device on flash that holds slots. What it holds may be lost or damaged at any time: nothing is ever flushed, and every block is checked when it is read.
/// Owned by the cache; any thread. Every failure is an IOException.
/// </summary>
internal sealed class CacheDevice : IDisposable
{
    private const string BlockDevices = "/dev/";
    private readonly IDisk _disk;
    private readonly IDiskFile _file;
    private readonly CacheLabel _label;

    private CacheDevice(string path, long sizeBytes, IDisk disk, IDiskFile file, CacheLabel label, bool isNew) =>
        (Path, SizeBytes, _disk, _file, _label, IsNew) = (path, sizeBytes, disk, file, label, isNew);

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Its size as it was asked for.</summary>
    public long SizeBytes { get; }

    /// <summary>True where it had no label of this pool: it holds nothing.</summary>
    public bool IsNew { get; }

    /// <summary>Slots on it.</summary>
    public int Slots => _label.Slots;

    /// <summary>The number of its first slot in the table.</summary>
    public int FirstSlot { get; set; }

    /// <summary>Why it is not used any more; null while it is.</summary>
    public string? Failure { get; set; }

    /// <summary>
    /// Opens a device and makes it one of this pool, where it is new, another size or damaged.
    /// </summary>
    /// <exception cref="InvalidDataException">It holds something else, or another pool's cache.</exception>
    /// <exception cref="IOException">It cannot be opened or written.</exception>
    public static async ValueTask<CacheDevice> OpenAsync(string path, long sizeBytes, Guid poolId, Func<string, IDisk> openDisk)
    {
        string full = System.IO.Path.GetFullPath(path);
        bool isBlockDevice = full.StartsWith(BlockDevices, StringComparison.Ordinal);
        IDisk disk = openDisk(System.IO.Path.GetDirectoryName(full)!);
        IDiskFile? file = null;
        try
        {
            file = disk.Open(System.IO.Path.GetFileName(full), create: !isBlockDevice);
            byte[] page = new byte[CacheLabel.Bytes];
            if (isBlockDevice || file.LengthBytes >= CacheLabel.Bytes)
                await file.ReadAsync(0, page);
            CacheLabel wanted = CacheLabel.Create(poolId, sizeBytes);
            (LabelState state, CacheLabel? label) = CacheLabel.Read(page);
            if (state == LabelState.Foreign)
                throw new InvalidDataException($"{full} is no cache device and not empty. Name another, or clear its first 4096 bytes where nothing on it is needed.");
            if (label is not null && label.PoolId != poolId)
                throw new InvalidDataException($"{full} is a cache device of pool {label.PoolId}, not of this one. Name another, or clear its first 4096 bytes.");
            if (label != wanted)
            {
                Prepare(file, wanted, isBlockDevice);
                wanted.Write(page);
                file.Write(0, page);
            }
            return new(full, sizeBytes, disk, file, wanted, isNew: label != wanted);
        }
        catch
        {
            file?.Dispose();
            (disk as IDisposable)?.Dispose();
            throw;
        }
    }

    /// <summary>Reads of a slot without waiting; false = <see cref="ReadAsync"/>, which also says what is wrong.</summary>
    public bool TryRead(int slot, int offsetBytes, Span<byte> destination) => _file.TryRead(DataOffset(slot) + offsetBytes, destination);

    /// <summary>As <see cref="TryRead"/>, waiting for the device.</summary>
    public ValueTask ReadAsync(int slot, int offsetBytes, Memory<byte> destination) => _file.ReadAsync(DataOffset(slot) + offsetBytes, destination);

    /// <summary>The 256 bytes of a slot's record, without waiting.</summary>
    public bool TryReadRecord(int slot, Span<byte> destination) => _file.TryRead(RecordOffset(slot), destination);

    /// <summary>As <see cref="TryReadRecord"/>, waiting; <paramref name="destination"/> may go on over the records of the next slots.</summary>
    public ValueTask ReadRecordsAsync(int slot, Memory<byte> destination) => _file.ReadAsync(RecordOffset(slot), destination);

    /// <summary>Hints of all slots: 1 = it was in the main queue.</summary>
    public ValueTask ReadHintsAsync(Memory<byte> destination) => _file.ReadAsync(CacheLabel.HintsOffset, destination);

    /// <summary>Writes a part of a slot.</summary>
    public void Write(int slot, int offsetBytes, ReadOnlySpan<byte> source) => _file.Write(DataOffset(slot) + offsetBytes, source);

    /// <summary>Writes a slot's record.</summary>
    public void WriteRecord(int slot, ReadOnlySpan<byte> record) => _file.Write(RecordOffset(slot), record);

    /// <summary>Writes a slot's hint.</summary>
    public void WriteHint(int slot, bool proved) => _file.Write(CacheLabel.HintsOffset + slot - FirstSlot, [proved ? (byte)1 : (byte)0]);

    /// <summary>Forgets its label, so that nobody takes what it holds for something.</summary>
    public void Clear() => _file.Write(0, new byte[CacheLabel.Bytes]);

    /// <summary>Forgets its label and overwrites, or gives back, all that was ever in its slots. Complete = durable.</summary>
    public async ValueTask EraseAsync()
    {
        Clear();
        long lengthBytes = DataOffset(FirstSlot + Slots) - CacheLabel.Bytes;
        if (!_file.PunchHole(CacheLabel.Bytes, lengthBytes))
        {
            byte[] zeros = new byte[1 << 20];
            for (long done = 0; done < lengthBytes; done += zeros.Length)
                _file.Write(CacheLabel.Bytes + done, zeros.AsSpan(0, (int)Math.Min(zeros.Length, lengthBytes - done)));
        }
        await _file.FlushAsync();
    }

    public void Dispose()
    {
        _file.Dispose();
        (_disk as IDisposable)?.Dispose();
    }

    private static void Prepare(IDiskFile file, CacheLabel label, bool isBlockDevice)
    {
        if (!isBlockDevice)
        {
            file.SetLength(0);
            file.SetLength(label.SizeBytes);
            return;
        }
        // Records of an earlier life must not be found: their regions become zeros.
        byte[] zeros = new byte[1 << 20];
        for (long at = CacheLabel.Bytes; at < label.DataOffset; at += zeros.Length)
            file.Write(at, zeros.AsSpan(0, (int)Math.Min(zeros.Length, label.DataOffset - at)));
    }

    private long DataOffset(int slot) => _label.DataOffset + (long)(slot - FirstSlot) * CacheWindow.Bytes;

    private long RecordOffset(int slot) => _label.RecordsOffset + (long)(slot - FirstSlot) * CacheRecord.Bytes;
}
