using Lunaria.Volumes.Access;

namespace Lunaria.Volumes;

/// <summary>
/// All volumes, and the lines that are destaged: those of the open volumes, and those that were left with older generations in the log. Owned by the volume manager;
/// changed by one at a time, read by any thread.
/// </summary>
internal sealed class VolumeRegistry
{
    private readonly Lock _lock = new();
    private volatile Volume[] _volumes = [];
    private volatile OpenLine[] _lines = [];

    private volatile VolumeIndex[] _unsettled = [];

    /// <summary>Indexes, of lines or of views, that the map does not have the beginning of yet; those they begin on come before them.</summary>
    public IReadOnlyList<VolumeIndex> Unsettled => _unsettled;

    /// <summary>Adds one of them.</summary>
    public void AddUnsettled(VolumeIndex index)
    {
        lock (_lock)
            _unsettled = [.. _unsettled, index];
    }

    /// <summary>It is settled, or not used any more.</summary>
    public void RemoveUnsettled(VolumeIndex index)
    {
        lock (_lock)
            _unsettled = [.. _unsettled.Where(other => other != index)];
    }

    /// <summary>All volumes now, in the order of their creation.</summary>
    public IReadOnlyList<Volume> All => _volumes;

    /// <summary>All lines that are destaged now.</summary>
    public IReadOnlyList<OpenLine> Lines => _lines;

    /// <summary>The volume of that name, or null.</summary>
    public Volume? Find(string name) => Array.Find(_volumes, volume => volume.Name == name);

    /// <summary>The line of that number where it may have something in the log, else null.</summary>
    public OpenLine? FindLine(uint number) => Array.Find(_lines, line => line.Number == number);

    /// <summary>InvalidOperationException where a volume is a view of a snapshot, of another engine, or deleted.</summary>
    public void CheckOwn(Volume volume)
    {
        if (volume.IsReadOnly || Find(volume.Name) != volume)
            throw new InvalidOperationException($"'{volume.Name}' is no volume of this engine, or was deleted.");
    }

    /// <summary>Adds a volume, behind all others.</summary>
    public void Add(Volume volume)
    {
        lock (_lock)
            _volumes = [.. _volumes, volume];
    }

    /// <summary>Takes a volume out.</summary>
    public void Remove(Volume volume)
    {
        lock (_lock)
            _volumes = [.. _volumes.Where(other => other != volume)];
    }

    /// <summary>Adds a line.</summary>
    public void Add(OpenLine line)
    {
        lock (_lock)
            _lines = [.. _lines, line];
    }

    /// <summary>Takes a line out: it is not destaged any more.</summary>
    public void Remove(OpenLine line)
    {
        lock (_lock)
            _lines = [.. _lines.Where(other => other != line)];
    }
}
