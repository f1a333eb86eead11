#pragma warning disable CA1822
namespace Lunaria.Volumes.Metadata;

/// <summary>
/// lunaria.db: what only it knows. Every change is durable when the call returns (synchronous=FULL, a few ms), so never on the way of an I/O. Owned by the
/// process; thread-safe, one call at a time.
/// </summary>
public sealed class MetadataDatabase : IDisposable
{
    /// <summary>Opens or creates the file, checks it and brings it to this version's schema.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or written by a newer version.</exception>
    public static MetadataDatabase Open(string path, TimeProvider time) => throw null!;

    /// <summary>The pool this file belongs to; made with the file.</summary>
    public Guid PoolId => throw null!;

    /// <summary>Counts this start of the process and gives its number, from 1.</summary>
    public ulong BeginLife() => throw null!;

    /// <summary>All volumes, in the order of their numbers.</summary>
    public IReadOnlyList<VolumeRecord> ReadVolumes() => throw null!;

    /// <summary>Adds a volume with the next number.</summary>
    /// <exception cref="InvalidOperationException">The name is taken.</exception>
    public VolumeRecord CreateVolume(Guid uuid, string name, long sizeBytes) => throw null!;

    /// <summary>Changes a volume's state.</summary>
    public void SetVolumeState(uint number, VolumeState state) => throw null!;

    /// <summary>Forgets a volume; its number stays taken.</summary>
    public void RemoveVolume(uint number) => throw null!;

    public void Dispose() => throw null!;
}
