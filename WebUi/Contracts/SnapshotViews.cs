namespace Lunaria.WebUi.Contracts;

/// <summary>
/// A snapshot of a volume. <paramref name="Sticky"/>: not deleted until that is taken back; <paramref name="Consistent"/>: the applications were at rest;
/// <paramref name="Clones"/>: volumes made of it that still share its data; <paramref name="Destaging"/>: null where the pool has all of it.
/// </summary>
public sealed record SnapshotView(
    string Volume, string Name, Guid Uuid, long SizeBytes, DateTimeOffset Created, bool Sticky, bool Consistent, IReadOnlyDictionary<string, string> Labels, IReadOnlyList<string> Clones,
    SnapshotProgressView? Destaging);

/// <summary>What of a snapshot the pool does not have yet. <paramref name="SecondsLeft"/>: until it has all, as fast as the log is emptied now.</summary>
public sealed record SnapshotProgressView(long InLogBytes, long SecondsLeft);

/// <summary>A snapshot to take.</summary>
public sealed record CreateSnapshot
{
    /// <summary>Its name, unique among those of the volume; the time where left out.</summary>
    public string? Name { get; set; }

    /// <summary>Not deleted until that is taken back.</summary>
    public bool Sticky { get; set; }

    /// <summary>The applications on the volume are at rest.</summary>
    public bool Consistent { get; set; }

    /// <summary>Anything to remember with it; at most 64 KiB.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; set; }
}

/// <summary>Snapshots of several volumes at one point in the order of all their writes.</summary>
public sealed record CreateSnapshotGroup
{
    /// <summary>The volumes.</summary>
    public required IReadOnlyList<string> Volumes { get; init; }

    /// <summary>What each of them gets.</summary>
    public required CreateSnapshot Snapshot { get; init; }
}

/// <summary>What to change of a snapshot; what is left out stays.</summary>
public sealed record EditSnapshot
{
    /// <summary>Another name.</summary>
    public string? Name { get; set; }

    /// <summary>Not deleted until that is taken back.</summary>
    public bool? Sticky { get; set; }

    /// <summary>Other labels, all of them.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; set; }
}

/// <summary>A volume to make of a snapshot.</summary>
public sealed record CloneSnapshot
{
    /// <summary>The new volume's name.</summary>
    public required string Name { get; init; }
}

/// <summary>Back to a snapshot.</summary>
public sealed record RollBack
{
    /// <summary>Younger snapshots go; else they stay and can be gone back to.</summary>
    public bool DropYounger { get; set; }
}

/// <summary>
/// What a snapshot takes. <paramref name="ExclusiveBytes"/>: what only it shows, and what its deletion would give back; <paramref name="SharedBytes"/>: what others show,
/// too; <paramref name="InLogBytes"/>: what of it the pool does not have yet.
/// </summary>
public sealed record SnapshotSpaceView(long TotalBytes, long ExclusiveBytes, long SharedBytes, long InLogBytes);

/// <summary>A range that differs between two snapshots; not <paramref name="IsMapped"/>: it reads as zeros in the younger one.</summary>
public sealed record ChangedRangeView(long OffsetBytes, long LengthBytes, bool IsMapped);
