namespace Lunaria.Volumes;

/// <summary>
/// A thin-provisioned disk of <see cref="SizeBytes"/>. Owned by its <see cref="VolumeManager"/>; all members are thread-safe.
/// Offsets and lengths are bytes, multiples of 512, inside the volume (ArgumentOutOfRangeException otherwise).
/// Overlapping calls may be ordered either way; each 4 KiB block is written or read whole.
/// </summary>
public sealed class Volume
{
    internal Volume(Guid uuid, string name, long sizeBytes) => (Uuid, Name, SizeBytes) = (uuid, name, sizeBytes);

    /// <summary>Identity for ever; LUN identifiers are derived from it.</summary>
    public Guid Uuid { get; }

    /// <summary>Unique among the volumes that exist.</summary>
    public string Name { get; }

    /// <summary>What the volume promises; a multiple of 4096.</summary>
    public long SizeBytes { get; }

    /// <summary>What the volume can do now.</summary>
    public VolumeHealth Health { get; } = VolumeHealth.Online;

    /// <summary>Space of this volume now.</summary>
    public VolumeStatistics GetStatistics() => throw new NotImplementedException();

    /// <summary>Fills <paramref name="destination"/> without waiting for a medium; false = its content is undefined, use <see cref="ReadAsync"/>.</summary>
    public bool TryRead(long offsetBytes, Span<byte> destination) => SizeBytes < 0;

    /// <summary>Fills <paramref name="destination"/>; blocks nobody wrote are zeros.</summary>
    public ValueTask<VolumeStatus> ReadAsync(long offsetBytes, Memory<byte> destination) => throw new NotImplementedException();

    /// <summary>
    /// Writes several ranges in their order without waiting: true = all of them survive the death of this process; false = none is
    /// written, use <see cref="WriteAsync"/> for each.
    /// </summary>
    public bool TryWriteBatch(ReadOnlySpan<long> offsetsBytes, ReadOnlySpan<ReadOnlyMemory<byte>> sources) => SizeBytes < 0;

    /// <summary>
    /// Writes <paramref name="source"/>. Complete = it survives the death of this process; with <paramref name="durable"/> the loss of power.
    /// The memory must stay unchanged until then.
    /// </summary>
    public ValueTask<VolumeStatus> WriteAsync(long offsetBytes, ReadOnlyMemory<byte> source, bool durable) => throw new NotImplementedException();

    /// <summary>Complete = every write completed before the call survives the loss of power.</summary>
    public ValueTask<VolumeStatus> FlushAsync() => throw new NotImplementedException();

    /// <summary>Makes a range read as zeros and gives back the space of its whole blocks.</summary>
    public ValueTask<VolumeStatus> UnmapAsync(long offsetBytes, long lengthBytes) => throw new NotImplementedException();

    /// <summary>
    /// The run of equal provisioning that starts at <paramref name="offsetBytes"/>: mapped or not, and how many bytes of it follow (at least 512,
    /// at most <paramref name="lengthBytes"/>; may be shorter than the whole run).
    /// </summary>
    public ValueTask<(VolumeStatus Status, bool Mapped, long LengthBytes)> GetExtentAsync(long offsetBytes, long lengthBytes) =>
        throw new NotImplementedException();
}
