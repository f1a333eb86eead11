using System.Text.Json;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes;

/// <summary>A snapshot of a volume: what the volume was at one point in the order of its writes. Immutable; ask the manager again for what has changed.</summary>
public sealed class Snapshot
{
    internal Snapshot(SnapshotRecord record, Volume volume) => (Record, Volume) = (record, volume);

    /// <summary>Identity for ever.</summary>
    public Guid Uuid => Record.Uuid;

    /// <summary>Whose it is.</summary>
    public Volume Volume { get; }

    /// <summary>Unique among the snapshots of its volume.</summary>
    public string Name => Record.Name;

    /// <summary>The volume's size then.</summary>
    public long SizeBytes => Record.SizeBytes;

    /// <summary>When it was taken.</summary>
    public DateTimeOffset Created => Record.Created;

    /// <summary>Neither retention nor a delete of the volume takes it before this is taken back.</summary>
    public bool Sticky => Record.Sticky;

    /// <summary>Whoever asked for it said that the applications on the volume were at rest.</summary>
    public bool Consistent => Record.Consistent;

    /// <summary>What its owner wrote down with it.</summary>
    public IReadOnlyDictionary<string, string> Labels => JsonSerializer.Deserialize<Dictionary<string, string>>(Record.Labels)!;

    internal SnapshotRecord Record { get; }
}

/// <summary>What a snapshot carries from its start. <see cref="Labels"/>: at most <see cref="MaxLabelBytes"/> as JSON.</summary>
public sealed record SnapshotOptions
{
    /// <summary>Longest labels, in bytes of JSON.</summary>
    public const int MaxLabelBytes = 64 << 10;

    /// <summary>See <see cref="Snapshot.Sticky"/>.</summary>
    public bool Sticky { get; init; }

    /// <summary>See <see cref="Snapshot.Consistent"/>.</summary>
    public bool Consistent { get; init; }

    /// <summary>See <see cref="Snapshot.Labels"/>.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    internal string Encode()
    {
        string labels = JsonSerializer.Serialize(Labels);
        return System.Text.Encoding.UTF8.GetByteCount(labels) <= MaxLabelBytes
            ? labels
            : throw new ArgumentException($"The labels of a snapshot have at most {MaxLabelBytes} bytes as JSON. Shorten them.");
    }
}
