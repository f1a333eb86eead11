using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Map;

/// <summary>
/// What the map knows of one line (a history of writes, docs/ARCHITECTURE.md "Generations") and the line it begins on. Owned by the map store; changed by the map
/// writer, read by any thread.
/// </summary>
internal sealed class MapLine(uint number, Guid uuid, uint family, MapLine? parent, uint parentGeneration)
{
    private volatile MapLine? _parent = parent;
    private volatile LineFault? _fault;
    private readonly Lock _rowsLock = new();
    private Dictionary<int, LeafSet>? _rows;
    private int _rowsVersion;

    /// <summary>The line's number.</summary>
    public uint Number { get; } = number;

    /// <summary>Part of the names of its segments.</summary>
    public Guid Uuid { get; } = uuid;

    /// <summary>Lines of one family may share segments.</summary>
    public uint Family { get; } = family;

    /// <summary>The line that shows what this one has no leaf for; null where there is none.</summary>
    public MapLine? Parent => _parent;

    /// <summary>The last generation of the parent that counts.</summary>
    public uint ParentGeneration { get; } = parentGeneration;

    /// <summary>The map of the newest generation, where the line is open.</summary>
    public BlockMap? Live { get; set; }

    /// <summary>Why the line is in quarantine; null where it is not.</summary>
    public LineFault? Fault
    {
        get => _fault;
        set => _fault = value;
    }

    /// <summary>This line has rows for all that it shows.</summary>
    public void Detach() => _parent = null;

    /// <summary>Rows of the line in map.db have changed.</summary>
    public void ForgetRows()
    {
        lock (_rowsLock)
            (_rows, _rowsVersion) = (null, _rowsVersion + 1);
    }

    /// <summary>True where map.db may have a row of some generation for a leaf: spares a search in every line of a long chain.</summary>
    public bool MayHaveRow(MapDatabase database, ulong leaf)
    {
        Dictionary<int, LeafSet>? rows;
        int version;
        lock (_rowsLock)
            (rows, version) = (_rows, _rowsVersion);
        if (rows == null)
        {
            Dictionary<int, LeafSet> all = [];
            foreach (PresenceRow row in database.ReadPresence(Number, 0, uint.MaxValue))
                all[row.Group] = all.GetValueOrDefault(row.Group).Union(row.Owned);
            rows = all;
            lock (_rowsLock)
                if (version == _rowsVersion)
                    _rows = all;
        }
        return rows.TryGetValue((int)(leaf / LeafGroup.Leaves), out LeafSet owned) && owned.Contains((int)(leaf % LeafGroup.Leaves));
    }
}
