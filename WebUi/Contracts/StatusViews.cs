namespace Lunaria.WebUi.Contracts;

/// <summary>The appliance at a glance: the answer of <c>GET /api/v1/status</c>. Sizes in bytes. Immutable.</summary>
public sealed record StatusView
{
    /// <summary>Version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>starting, ready or stopping.</summary>
    public required string State { get; init; }

    /// <summary>Seconds since the start of the process's run.</summary>
    public required long UptimeSeconds { get; init; }

    /// <summary>The engine; null until it is open.</summary>
    public EngineView? Engine { get; init; }

    /// <summary>Space of the pool; null until it is open.</summary>
    public SpaceView? Pool { get; init; }

    /// <summary>Addresses at which hosts are answered, as they are really bound.</summary>
    public IReadOnlyList<string> Portals { get; init; } = [];

    /// <summary>Number of volumes.</summary>
    public int Volumes { get; init; }

    /// <summary>What all volumes promise together.</summary>
    public long PromisedBytes { get; init; }

    /// <summary>Number of targets.</summary>
    public int Targets { get; init; }

    /// <summary>Number of sessions.</summary>
    public int Sessions { get; init; }
}

/// <summary>The engine now. <paramref name="Cause"/>: what is wrong, where <paramref name="Health"/> is not Online.</summary>
public sealed record EngineView(
    string Health, string? Cause, long MappedBytes, long StoredBytes, long LogUsedBytes, long LogCapacityBytes, double DestageBytesPerSecond);

/// <summary>
/// Space of the pool: <paramref name="TotalBytes"/> are <paramref name="UsedBytes"/>, <paramref name="ReservedBytes"/>, which keep metadata and deletes working when the pool is full, and
/// <paramref name="FreeBytes"/>, which new data can use.
/// </summary>
public sealed record SpaceView(long TotalBytes, long UsedBytes, long ReservedBytes, long FreeBytes);
