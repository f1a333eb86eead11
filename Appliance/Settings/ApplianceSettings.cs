using System.Net;
using Lunaria.Backends.Sealing;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Settings;

/// <summary>
/// What appliance.json and the command line say, complete with defaults and with absolute paths. Immutable; any thread. The volumes' data lies in
/// <paramref name="S3"/>; null = in the pool of <paramref name="PoolComponents"/>.
/// </summary>
internal sealed record ApplianceSettings(
    string DataDirectory,
    IscsiSettings Iscsi,
    S3Settings? S3,
    IReadOnlyList<PoolComponentSettings> PoolComponents,
    Duration SpaceWait,
    LogSettings Log,
    ByteSize MapMemory,
    CacheSettings Cache,
    IReadOnlyList<TargetSettings> BootstrapTargets,
    LoggingSettings Logging,
    WebSettings Web,
    WebhookSettings? Webhook,
    Uri? OtlpCollector,
    IReadOnlyList<SettingView> Listing)
{
    /// <summary>Where they come from.</summary>
    public required SettingsOrigin Origin { get; init; }

    /// <summary>Where the key is that the store is encrypted with; null = it is not.</summary>
    public KeySource? EncryptionKey { get; init; }

    /// <summary>True: what is stored is compressed where that pays.</summary>
    public bool Compression { get; init; }
}

/// <summary>The file of the settings, and what the command line says instead of it.</summary>
internal sealed record SettingsOrigin(string Path, SettingsOverrides Overrides);

/// <summary>How hosts reach the targets. Null <paramref name="Isns"/>: no iSNS server is told of them.</summary>
internal sealed record IscsiSettings(
    IReadOnlyList<IPEndPoint> Portals,
    IPEndPoint? Isns,
    int MaxConnections,
    Duration LoginTimeout,
    Duration PingInterval,
    Duration PingTimeout,
    Duration DrainTimeout,
    ByteSize BufferMemory);

/// <summary>A pool in a bucket of an S3-compatible store.</summary>
internal sealed record S3Settings(
    IReadOnlyList<Uri> Endpoints, string Bucket, string Prefix, string Region, string? CredentialsFile, string Profile, string? CaFile);

/// <summary>One file of the pool.</summary>
internal sealed record PoolComponentSettings(string Path, ByteSize Size);

/// <summary>The write log.</summary>
internal sealed record LogSettings(string Directory, ByteSize Size, bool DiscardDamagedTail);

/// <summary>The read cache.</summary>
internal sealed record CacheSettings(IReadOnlyList<CacheDeviceSettings> Devices, ByteSize Memory);

/// <summary>A file or block device of the read cache.</summary>
internal sealed record CacheDeviceSettings(string Path, ByteSize Size);

/// <summary>A target to create where absent.</summary>
internal sealed record TargetSettings(string Iqn, IReadOnlyList<LunSettings> Luns, ChapSettings? Chap);

/// <summary>A logical unit of a target, and the volume behind it.</summary>
internal sealed record LunSettings(int Lun, string Volume, ByteSize Size)
{
    /// <summary>How hosts see the volume.</summary>
    public UnitSettings Unit { get; init; } = new();
}

/// <summary>How hosts see a volume, the same through every LUN that shows it.</summary>
internal sealed record UnitSettings(int BlockBytes = 512, bool ReadOnly = false, bool Removable = false, bool WriteSameToEnd = false);

/// <summary>CHAP of a target; the mutual half is complete or absent.</summary>
internal sealed record ChapSettings(string User, string Secret, string? MutualUser, string? MutualSecret)
{
    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"CHAP user {User}{(MutualUser == null ? "" : $", mutual {MutualUser}")}";
}

/// <summary>The API. Null <paramref name="Listen"/>: off. Certificate and key are files, both or none (then one is made).</summary>
internal sealed record WebSettings(IPEndPoint? Listen, string? Certificate, string? CertificateKey);

/// <summary>What the program says about itself.</summary>
internal sealed record LoggingSettings(string Level, string File);

/// <summary>Where events are sent; the secret file is a path, null = messages are not signed.</summary>
internal sealed record WebhookSettings(Uri Url, string? SecretFile, string Severity);
