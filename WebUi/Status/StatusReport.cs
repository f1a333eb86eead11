using System.Text.Json.Serialization;

namespace Lunaria.WebUi.Status;

/// <summary>What <c>GET /api/v1/status</c> answers. Sizes in bytes. Holds no secret. Immutable.</summary>
public sealed record StatusReport
{
    /// <summary>Version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>starting, ready or stopping.</summary>
    public required string State { get; init; }

    /// <summary>Seconds since the start of the process's run.</summary>
    public required long UptimeSeconds { get; init; }

    /// <summary>The engine; null until it is open.</summary>
    public EngineReport? Engine { get; init; }

    /// <summary>The pool; null until it is open.</summary>
    public PoolReport? Pool { get; init; }

    /// <summary>All volumes.</summary>
    public IReadOnlyList<VolumeReport> Volumes { get; init; } = [];

    /// <summary>Addresses that are really bound.</summary>
    public IReadOnlyList<string> Portals { get; init; } = [];

    /// <summary>All targets.</summary>
    public IReadOnlyList<TargetReport> Targets { get; init; } = [];

    /// <summary>Sessions of all targets, and discovery sessions.</summary>
    public int Sessions { get; init; }
}

/// <summary>The engine now. <paramref name="Cause"/>: what is wrong, where <paramref name="Health"/> is not Online.</summary>
public sealed record EngineReport(
    string Health, string? Cause, long MappedBytes, long StoredBytes, long LogUsedBytes, long LogCapacityBytes, double DestageBytesPerSecond);

/// <summary>Space of the pool.</summary>
public sealed record PoolReport(long TotalBytes, long FreeBytes);

/// <summary>
/// One volume: what it promises, what of it holds data in the pool, and what in the log (new, or in place of what the pool holds).
/// </summary>
public sealed record VolumeReport(string Name, Guid Uuid, long SizeBytes, long MappedBytes, long InLogBytes, string Health, string? Cause);

/// <summary>One target. <paramref name="Chap"/>: hosts must prove themselves.</summary>
public sealed record TargetReport(string Iqn, bool Chap, IReadOnlyList<LunReport> Luns);

/// <summary>A LUN and the volume behind it.</summary>
public sealed record LunReport(int Lun, Guid Volume);

/// <summary>How the answers are written; made at build time, so that the first answer is as fast as the others.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(StatusReport))]
internal sealed partial class StatusJson : JsonSerializerContext;
