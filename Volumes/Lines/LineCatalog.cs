using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Lines;

/// <summary>
/// What lunaria.db says of lines and snapshots, in memory: which generations of a line somebody looks at. Owned by the volume manager, which changes it after the
/// database; read by any thread.
/// </summary>
internal sealed class LineCatalog
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<uint, Entry> _lines = [];
    private readonly Dictionary<Guid, Dictionary<string, SnapshotRecord>> _snapshots = [];
    private readonly Dictionary<Guid, SnapshotRecord> _byUuid = [];

    /// <summary>Adds a line, on which a volume may be.</summary>
    public void Add(LineRecord line)
    {
        lock (_lock)
        {
            _lines.Add(line.Number, new(line));
            if (line.Parent != 0)
                _lines[line.Parent].AddView(line.ParentGeneration);
        }
    }

    /// <summary>Adds a snapshot, or replaces what was known of it.</summary>
    public void Add(SnapshotRecord snapshot)
    {
        lock (_lock)
        {
            _lines[snapshot.Line].AddView(snapshot.Generation);
            if (!_snapshots.TryGetValue(snapshot.Volume, out Dictionary<string, SnapshotRecord>? all))
                _snapshots.Add(snapshot.Volume, all = []);
            all.Add(snapshot.Name, snapshot);
            _byUuid[snapshot.Uuid] = snapshot;
        }
    }

    /// <summary>Takes a snapshot out.</summary>
    public void Remove(SnapshotRecord snapshot)
    {
        lock (_lock)
        {
            _lines[snapshot.Line].RemoveView(snapshot.Generation);
            _snapshots[snapshot.Volume].Remove(snapshot.Name);
            _byUuid.Remove(snapshot.Uuid);
        }
    }

    /// <summary>A snapshot changed in what is not its place.</summary>
    public void Replace(SnapshotRecord before, SnapshotRecord after)
    {
        lock (_lock)
        {
            // The place stays looked at all the time.
            AddView(before.Line, before.Generation);
            Remove(before);
            Add(after);
            RemoveView(before.Line, before.Generation);
        }
    }

    /// <summary>Somebody reads a generation.</summary>
    public void AddView(uint line, uint generation)
    {
        lock (_lock)
            _lines[line].AddView(generation);
    }

    /// <summary>Somebody reads it no longer.</summary>
    public void RemoveView(uint line, uint generation)
    {
        lock (_lock)
            _lines[line].RemoveView(generation);
    }

    /// <summary>A volume is on this line now, or not any more.</summary>
    public void SetCurrent(uint line, bool isCurrent)
    {
        lock (_lock)
            _lines[line].IsCurrent = isCurrent;
    }

    /// <summary>The map of a line reaches at least so far.</summary>
    public void Grow(uint line, long capacityBytes)
    {
        lock (_lock)
        {
            LineRecord record = _lines[line].Record;
            _lines[line].Record = record with { CapacityBytes = Math.Max(record.CapacityBytes, capacityBytes) };
        }
    }

    /// <summary>A line needs its parent no longer.</summary>
    public void Detach(uint line)
    {
        lock (_lock)
        {
            LineRecord record = _lines[line].Record;
            if (record.Parent != 0)
                _lines[record.Parent].RemoveView(record.ParentGeneration);
            _lines[line].Record = record with { Parent = 0, ParentGeneration = 0 };
        }
    }

    /// <summary>Takes a line out that nobody looks at.</summary>
    public void Remove(uint line)
    {
        Detach(line);
        lock (_lock)
            _lines.Remove(line);
    }

    /// <summary>A line, or null.</summary>
    public LineRecord? Find(uint line)
    {
        lock (_lock)
            return _lines.GetValueOrDefault(line)?.Record;
    }

    /// <summary>All lines, parents before children.</summary>
    public IReadOnlyList<LineRecord> Lines
    {
        get
        {
            lock (_lock)
                return [.. _lines.Values.Select(entry => entry.Record)];
        }
    }

    /// <summary>Lines that begin on a line, from one generation of it.</summary>
    public IReadOnlyList<LineRecord> ChildrenOf(uint line, uint generation)
    {
        lock (_lock)
            return [.. _lines.Values.Select(entry => entry.Record).Where(record => record.Parent == line && record.ParentGeneration == generation)];
    }

    /// <summary>A volume's snapshots, in the order in which they were taken.</summary>
    public IReadOnlyList<SnapshotRecord> SnapshotsOf(Guid volume)
    {
        lock (_lock)
            return _snapshots.TryGetValue(volume, out Dictionary<string, SnapshotRecord>? all)
                ? [.. all.Values.OrderBy(snapshot => snapshot.Line).ThenBy(snapshot => snapshot.Generation)]
                : [];
    }

    /// <summary>A volume's snapshot of that name, or null.</summary>
    public SnapshotRecord? FindSnapshot(Guid volume, string name)
    {
        lock (_lock)
            return _snapshots.GetValueOrDefault(volume)?.GetValueOrDefault(name);
    }

    /// <summary>The snapshot of that identity, or null.</summary>
    public SnapshotRecord? FindSnapshot(Guid uuid)
    {
        lock (_lock)
            return _byUuid.GetValueOrDefault(uuid);
    }

    /// <summary>What is known of a snapshot now. InvalidOperationException where it was deleted.</summary>
    public SnapshotRecord Get(Snapshot snapshot) => FindSnapshot(snapshot.Uuid)
        ?? throw new InvalidOperationException($"There is no snapshot '{snapshot.Name}' of volume '{snapshot.Volume.Name}' any more.");

    /// <summary>Number of a volume's snapshots.</summary>
    public int CountSnapshots(Guid volume)
    {
        lock (_lock)
            return _snapshots.GetValueOrDefault(volume)?.Count ?? 0;
    }

    /// <summary>
    /// Who looks at a line around a generation: the next older view and the next newer one; null = none.
    /// </summary>
    public (uint? Older, uint? Newer) Around(uint line, uint generation)
    {
        lock (_lock)
        {
            Entry entry = _lines[line];
            SortedSet<uint> older = generation == 0 ? [] : entry.Views.GetViewBetween(0, generation - 1);
            SortedSet<uint> newer = generation == uint.MaxValue ? [] : entry.Views.GetViewBetween(generation + 1, uint.MaxValue);
            return (older.Count > 0 ? older.Max : null, newer.Count > 0 ? newer.Min : null);
        }
    }

    /// <summary>The generations of a line that somebody looks at, ascending.</summary>
    public IReadOnlyList<uint> ViewsOf(uint line)
    {
        lock (_lock)
            return [.. _lines[line].Views];
    }

    /// <summary>True where somebody looks at a line as it was at the end of a generation.</summary>
    public bool IsView(uint line, uint generation)
    {
        lock (_lock)
            return _lines.TryGetValue(line, out Entry? entry) && entry.Views.Contains(generation);
    }

    /// <summary>The oldest generation of a line that somebody looks at; null where it is none.</summary>
    public uint? OldestView(uint line)
    {
        lock (_lock)
            return _lines[line].Views.Count > 0 ? _lines[line].Views.Min : null;
    }

    /// <summary>True where nobody looks at a line any more.</summary>
    public bool IsUnused(uint line)
    {
        lock (_lock)
            return _lines.TryGetValue(line, out Entry? entry) && !entry.IsCurrent && entry.Views.Count == 0;
    }

    private sealed class Entry(LineRecord record)
    {
        private readonly Dictionary<uint, int> _viewers = [];

        public LineRecord Record { get; set; } = record;

        public bool IsCurrent { get; set; }

        public SortedSet<uint> Views { get; } = [];

        public void AddView(uint generation)
        {
            _viewers[generation] = _viewers.GetValueOrDefault(generation) + 1;
            Views.Add(generation);
        }

        public void RemoveView(uint generation)
        {
            if (--_viewers[generation] > 0)
                return;
            _viewers.Remove(generation);
            Views.Remove(generation);
        }
    }
}
