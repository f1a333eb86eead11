namespace Lunaria.Backends.S3;

/// <summary>Where an <see cref="S3ObjectStore"/> lies and how it is used. Fixed while it is open.</summary>
public sealed record S3StoreOptions
{
    /// <summary>Addresses of the store, 1 to 16, all of the same one: requests go round, and an address that fails is left alone for a while.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>The bucket. It must exist.</summary>
    public required string Bucket { get; init; }

    /// <summary>What all keys of this pool begin with, without slashes around; "" = the pool has the bucket for itself.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The region that requests are signed for.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>A file with access keys in AWS' format; null = what the AWS SDK finds: the environment, ~/.aws, the machine's role.</summary>
    public string? CredentialsFile { get; init; }

    /// <summary>The section of the credentials file.</summary>
    public string Profile { get; init; } = "default";

    /// <summary>Certificates (PEM) that the store's certificate must go back to; null = those the machine trusts.</summary>
    public string? CaFile { get; init; }

    /// <summary>What segments should be by default, in bytes.</summary>
    public int SegmentBytes { get; init; } = 16 << 20;

    /// <summary>Most requests at once that write, list or delete.</summary>
    public int MaxWrites { get; init; } = 8;

    /// <summary>Most requests at once that read. They have connections of their own, so that uploads never hold them up.</summary>
    public int MaxReads { get; init; } = 32;

    /// <summary>How long a request may take beside the time for its bytes.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The slowest upload or download that is still waited for, in bytes per second.</summary>
    public int SlowestBytesPerSecond { get; init; } = 256 << 10;

    /// <summary>How often a request is tried before its failure is the caller's.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The longest that a read takes with all its attempts: a host waits for it. One of more than <see cref="LongestHostReadBytes"/> may take longer.</summary>
    public TimeSpan ReadPatience { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>No host waits for a read of more.</summary>
    public const int LongestHostReadBytes = 4 << 20;

    /// <summary>How long an address that failed is left alone while there are others.</summary>
    public TimeSpan EndpointRest { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Where the pool lies, for messages.</summary>
    public string DisplayName => $"s3://{Bucket}{(Prefix.Length > 0 ? $"/{Prefix}" : "")} at {string.Join(", ", Endpoints.Select(endpoint => endpoint.Authority))}";

    /// <summary>The longest that a read may take with all its attempts.</summary>
    internal TimeSpan PatienceFor(int lengthBytes) => lengthBytes <= LongestHostReadBytes ? ReadPatience : ReadPatience + TimeoutFor(lengthBytes);

    /// <summary>The longest that one attempt may take.</summary>
    internal TimeSpan TimeoutFor(int lengthBytes) => RequestTimeout + TimeSpan.FromSeconds((double)lengthBytes / SlowestBytesPerSecond);
}
