using System.Net;
using System.Text.Json;
using System.Text.Unicode;
using Lunaria.Backends.Sealing;

namespace Lunaria.Appliance.Settings;

/// <summary>What the command line says instead of the file; null or empty = what the file says.</summary>
internal sealed record SettingsOverrides(string? DataDirectory, IReadOnlyList<IPEndPoint> Portals)
{
    /// <summary>Nothing.</summary>
    public static SettingsOverrides None { get; } = new(null, []);
}

/// <summary>Reads appliance.json by <see cref="SettingsTable"/> and tells everything that is wrong at once. Stateless; any thread.</summary>
internal static class SettingsReader
{
    private const int MaxFileBytes = 1 << 20;

    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 16 };

    /// <summary>Reads a file; <see cref="SettingsException"/> where it is absent, unreadable or wrong.</summary>
    public static ApplianceSettings ReadFile(string path, SettingsOverrides overrides)
    {
        byte[] content;
        try
        {
            var info = new FileInfo(path);
            if (info.Exists && info.Length > MaxFileBytes)
                throw new SettingsException(path, [new("", $"is larger than {new ByteSize(MaxFileBytes)}; this is no configuration of the appliance")]);
            content = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SettingsException(path, [new("", "is not there; name the configuration with --config FILE")]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException(path, [new("", $"cannot be read: {e.Message}")]);
        }

        return Read(content, path, overrides);
    }

    /// <summary>Reads the bytes of a file; relative paths start at its directory.</summary>
    public static ApplianceSettings Read(ReadOnlyMemory<byte> content, string path, SettingsOverrides overrides)
    {
        var errors = new SettingsErrors();
        ApplianceSettings? settings = null;
        try
        {
            if (content.Span.StartsWith("\uFEFF"u8))
                content = content[3..];
            if (!Utf8.IsValid(content.Span))
                throw new SettingsException(path, [new("", "is not UTF-8 text: save it in that encoding")]);
            using var document = JsonDocument.Parse(content, Lenient);
            var root = (SettingsNode?)SettingsTable.Root.Read(document.RootElement, "", errors);
            if (errors.All.Count == 0)
                settings = Compose(root!, path, overrides, errors) with { Listing = SettingsListing.Of(document.RootElement, overrides) };
        }
        catch (JsonException e)
        {
            errors.Add("", $"is not JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {e.Message.Split(" LineNumber", 2)[0].Split(" Path:", 2)[0]}");
        }

        if (settings != null)
            SettingsRules.Check(settings, errors);
        return errors.All.Count == 0 ? settings! : throw new SettingsException(path, errors.All);
    }

    private static ApplianceSettings Compose(SettingsNode root, string path, SettingsOverrides overrides, SettingsErrors errors)
    {
        var data = overrides.DataDirectory is { } directory
            ? Path.GetFullPath(directory)
            : Path.GetFullPath(root.Get<string>("dataDirectory"), Path.GetDirectoryName(Path.GetFullPath(path))!);
        var log = root.Get<SettingsNode>("log");
        var logging = root.Get<SettingsNode>("logging");
        return new ApplianceSettings(
            data,
            ComposeIscsi(root.Get<SettingsNode>("iscsi"), overrides),
            ComposeS3(root.Get<SettingsNode>("backend"), data, errors),
            [.. root.Get<SettingsNode>("pool").List<SettingsNode>("components").Select(node =>
                new PoolComponentSettings(Path.GetFullPath(node.Get<string>("path"), data), node.Get<ByteSize>("size")))],
            root.Get<SettingsNode>("pool").Get<Duration>("spaceWait"),
            new LogSettings(Path.GetFullPath(log.Get<string>("directory"), data), log.Get<ByteSize>("size"), log.Get<bool>("discardDamagedTail")),
            root.Get<SettingsNode>("map").Get<ByteSize>("memory"),
            ComposeCache(root, data),
            [.. root.Get<SettingsNode>("bootstrap").List<SettingsNode>("targets").Select(ComposeTarget)],
            new LoggingSettings(logging.Get<string>("level"), Path.GetFullPath(logging.Get<string>("file"), data)),
            ComposeWeb(root.Get<SettingsNode>("web"), data),
            ComposeWebhook(root.Get<SettingsNode>("events").Find<SettingsNode>("webhook"), data),
            root.Get<SettingsNode>("metrics").Find<Uri>("otlpCollector"),
            [])
        {
            Origin = new SettingsOrigin(path, overrides),
            EncryptionKey = root.Get<SettingsNode>("backend").Find<string>("encryptionKey") is { } key ? KeySource.Parse(key, data) : null,
            Compression = root.Get<SettingsNode>("backend").Get<bool>("compression"),
        };
    }

    private static S3Settings? ComposeS3(SettingsNode backend, string data, SettingsErrors errors)
    {
        var node = backend.Find<SettingsNode>("s3");
        if ((backend.Get<string>("kind") == "s3") != (node != null))
            errors.Add("backend.s3", node == null ? "is missing, but backend.kind is \"s3\"; say where the bucket is" : "stands here, but backend.kind is \"pool\"; write \"s3\" or take it out");
        return node == null ? null : new S3Settings(
            [.. node.List<Uri>("endpoints")],
            node.Get<string>("bucket"),
            node.Get<string>("prefix"),
            node.Get<string>("region"),
            FullPath(node.Find<string>("credentialsFile"), data),
            node.Get<string>("profile"),
            FullPath(node.Find<string>("caFile"), data));
    }

    private static CacheSettings ComposeCache(SettingsNode root, string data)
    {
        var node = root.Get<SettingsNode>("cache");
        IReadOnlyList<CacheDeviceSettings> devices = node.Find<object>("devices") != null
            ? [.. node.List<SettingsNode>("devices").Select(device => new CacheDeviceSettings(Path.GetFullPath(device.Get<string>("path"), data), device.Get<ByteSize>("size")))]
            : root.Get<SettingsNode>("backend").Get<string>("kind") == "s3" ? [new CacheDeviceSettings(Path.GetFullPath("cache/0.lcache", data), ByteSize.GiB(8))] : [];
        return new CacheSettings(devices, node.Get<ByteSize>("memory"));
    }

    private static string? FullPath(string? path, string directory) => path == null ? null : Path.GetFullPath(path, directory);

    private static WebSettings ComposeWeb(SettingsNode node, string data) =>
        new(node.Get<object>("listen") as IPEndPoint, FullPath(node.Find<string>("certificate"), data), FullPath(node.Find<string>("certificateKey"), data));

    private static WebhookSettings? ComposeWebhook(SettingsNode? node, string data) =>
        node == null ? null : new(node.Get<Uri>("url"), FullPath(node.Find<string>("secretFile"), data), node.Get<string>("severity"));

    private static IscsiSettings ComposeIscsi(SettingsNode node, SettingsOverrides overrides) =>
        new(
            overrides.Portals.Count > 0 ? overrides.Portals : [.. node.List<IPEndPoint>("portals")],
            node.Find<IPEndPoint>("isns"),
            node.Get<int>("maxConnections"),
            node.Get<Duration>("loginTimeout"),
            node.Get<Duration>("pingInterval"),
            node.Get<Duration>("pingTimeout"),
            node.Get<Duration>("drainTimeout"),
            node.Get<ByteSize>("bufferMemory"));

    private static TargetSettings ComposeTarget(SettingsNode node)
    {
        var chap = node.Find<SettingsNode>("chap");
        return new TargetSettings(
            node.Get<string>("iqn"),
            [.. node.List<SettingsNode>("luns").Select(ComposeLun)],
            chap == null ? null : new ChapSettings(
                chap.Get<string>("user"), chap.Get<string>("secret"), chap.Find<string>("mutualUser"), chap.Find<string>("mutualSecret")));
    }

    private static LunSettings ComposeLun(SettingsNode node) => new(node.Get<int>("lun"), node.Get<string>("volume"), node.Get<ByteSize>("size"))
    {
        Unit = new UnitSettings(
            node.Get<string>("blockSize") == SettingsTable.BlockSizes[1] ? 4096 : 512,
            node.Get<bool>("readOnly"),
            node.Get<bool>("removable"),
            node.Get<bool>("writeSameToEnd")),
    };
}
