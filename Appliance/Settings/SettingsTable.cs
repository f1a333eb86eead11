using Lunaria.WebUi;

namespace Lunaria.Appliance.Settings;

/// <summary>
/// Every setting with its meaning, unit, range and default: the one description of appliance.json. <see cref="SettingsReader"/> reads by
/// it, appliance.schema.json is written from it. Immutable; any thread.
/// </summary>
internal static class SettingsTable
{
    /// <summary>The only version of the file so far.</summary>
    public const int SchemaVersion = 1;

    /// <summary>The logical block lengths.</summary>
    public static readonly string[] BlockSizes = ["512B", "4KiB"];

    private static readonly ByteSize Sector = new(4096);

    /// <summary>The whole file.</summary>
    public static ObjectShape Root { get; } = new(
    [
        new("$schema", "Where an editor finds the schema; not used by the program.", Text(text => text)),
        new("schemaVersion", "Version of this file's structure: 1.", new NumberShape(SchemaVersion, SchemaVersion), Required: true),
        new("dataDirectory", "Directory for everything the appliance keeps; relative to this file. Only one process can use it at a time.", Path, "\"data\""),
        new("iscsi", "How hosts reach the targets.", Iscsi(), "{}"),
        new("backend", "Where the volumes' data lies.", Backend(), "{}"),
        new("pool", "The disks that hold the volumes' data, where backend.kind is \"pool\".", Pool(), "{}"),
        new("log", "The write log: takes every write first, so it belongs on flash.", Log(), "{}"),
        new("map", "The block map: where each block of each volume is.", Map(), "{}"),
        new("cache", "The read cache on flash.", Cache(), "{}"),
        new("bootstrap", "What is created at the start where it is absent. What exists is never changed by it.", Bootstrap(), "{}"),
        new("logging", "What the program says about itself. Never a secret.", Logging(), "{}"),
        new("events", "Who is told what happens, beside the log and the API.", Events(), "{}"),
        new("metrics", "Who is told what is measured, beside /metrics.", Metrics(), "{}"),
        new("web", "The API, for the command line, scripts and the page; always HTTPS.", Web(), "{}"),
    ]);

    private static TextShape Path => Text(Values.FilePath);

    private static ObjectShape Iscsi() => new(
    [
        new("portals", "Addresses to listen on, as \"ADDRESS:PORT\"; 0.0.0.0 stands for all of IPv4, [::] for all of IPv4 and IPv6, port 0 for any free one.", new ListShape(Text(Values.EndPoint), 1, 64), "[\"0.0.0.0:3260\"]", Live: true),
        new("isns", "An iSNS server (RFC 4171) that is told of the targets and where they are, as \"ADDRESS:PORT\"; its usual port is 3205. Left out: none.", Text(Values.EndPoint)),
        new("maxConnections", "Most connections that have logged in; a host with multipath has several.", new NumberShape(1, 65536), "1024"),
        new("loginTimeout", "A log-in that takes longer is cut off.", new DurationShape(Duration.Seconds(1), Duration.Seconds(300)), "\"15s\"", Live: true),
        new("pingInterval", "After this long without a sign of life a host is pinged.", new DurationShape(Duration.Seconds(1), Duration.Seconds(3600)), "\"15s\"", Live: true),
        new("pingTimeout", "A host that does not answer a ping, or takes no data, for this long is cut off.", new DurationShape(Duration.Seconds(1), Duration.Seconds(3600)), "\"15s\"", Live: true),
        new("drainTimeout", "How long a stop waits for commands in flight and for hosts to log out.", new DurationShape(Duration.Seconds(0), Duration.Seconds(300)), "\"5s\"", Live: true),
        new("bufferMemory", "Memory for data on its way from and to hosts. When it is used up, commands wait; none fails.", new SizeShape(ByteSize.MiB(16), ByteSize.GiB(64), ByteSize.MiB(1)), "\"256MiB\""),
    ]);

    private static ObjectShape Backend() => new(
    [
        new("kind", "On disks of this machine, or in a bucket of an S3-compatible store. It cannot be changed later.", new ChoiceShape("pool", "s3"), "\"pool\""),
        new("s3", "The bucket, where kind is \"s3\".", S3()),
        new("encryptionKey", "Where the key is that what is stored is encrypted with: \"file:PATH\" (relative to dataDirectory; only its owner may read it) or \"environment:NAME\"; 32 bytes as 64 hex digits or in Base64. Left out: nothing is encrypted. An encrypted pool cannot be opened without it, and stays encrypted.", new TextShape(Values.KeySource, secret: true)),
        new("compression", "True: what is stored from now on is compressed where that saves an eighth. Writes of hosts do not wait for it; reads of what is not in the cache open 32KiB for a block.", new SwitchShape(), "false"),
    ]);

    private static ObjectShape S3() => new(
    [
        new("endpoints", "Addresses of one store, like \"https://s3.example.com:443\". Requests go round; one that fails is left alone for a minute.", new ListShape(Text(Values.WebAddress), 1, 16), Required: true),
        new("bucket", "The bucket. It must exist.", Text(Values.BucketName), Required: true),
        new("prefix", "What the names of all objects of this appliance begin with; other pools may use others in the same bucket.", Text(Values.KeyPrefix), "\"\""),
        new("region", "The region that requests are signed for.", Text(Values.Region), "\"us-east-1\""),
        new("credentialsFile", "File with aws_access_key_id and aws_secret_access_key in AWS' form; relative to dataDirectory. Left out: the environment, ~/.aws, the machine's role.", Path),
        new("profile", "Section of the credentials file.", Text(Values.ProfileName), "\"default\""),
        new("caFile", "CA certificates (PEM) that the store's certificate must go back to; relative to dataDirectory. Left out: those the machine trusts.", Path),
    ]);

    private static ObjectShape Pool() => new(
    [
        new(
            "components",
            "Files or block devices that the pool is made of at first, and where it is looked for later. Its labels say what belongs to it: lunaria pool add, evacuate and remove change that. A component that is missing or belongs to another pool stops the start.",
            new ListShape(
                new ObjectShape(
                [
                    new("path", "The file, or a blank block device (best by /dev/disk/by-id, where its serial is part of the name); relative to dataDirectory. A file is made (sparse) where the pool is new.", Path, Required: true),
                    new("size", "Its size; a device has its own.", new SizeShape(ByteSize.MiB(256), ByteSize.TiB(256), ByteSize.MiB(4)), Required: true),
                ]),
                1,
                64),
            "[{ \"path\": \"pool/0.lpool\", \"size\": \"80GiB\" }]"),
        new("spaceWait", "How long writes wait for space from when there is none, before hosts are told so (07/27/07). Reads and UNMAP go on.", new DurationShape(Duration.Seconds(0), Duration.Seconds(25)), "\"10s\""),
    ]);

    private static ObjectShape Log() => new(
    [
        new("directory", "Directory of the log; relative to dataDirectory.", Path, "\"log\""),
        new("size", "Space for writes that are not in the pool yet. A change takes effect at a start that finds it empty.", new SizeShape(ByteSize.MiB(256), ByteSize.TiB(1), ByteSize.MiB(64)), "\"4GiB\""),
        new("discardDamagedTail", "True: a log that is damaged is used all the same, and what lies behind the damage is given up. For one start, where the files cannot be restored.", new SwitchShape(), "false"),
    ]);

    private static ObjectShape Map() => new(
    [
        new("memory", "Memory for the parts of the map in use. About 2MiB serve 1GiB of data; the rest is read when needed.", new SizeShape(ByteSize.MiB(16), ByteSize.TiB(1), ByteSize.MiB(1)), "\"256MiB\""),
    ]);

    private static ObjectShape Cache() => new(
    [
        new(
            "devices",
            "Files or block devices that the cache is on; more can be added with `lunaria cache add`. Left out: a file of 8GiB in dataDirectory where the data lies in a bucket, else none.",
            new ListShape(
                new ObjectShape(
                [
                    new("path", "The file or block device; relative to dataDirectory. A file is made (sparse) where it is absent.", Path, Required: true),
                    new("size", "How much of it is used.", new SizeShape(ByteSize.MiB(1), ByteSize.TiB(64), ByteSize.MiB(1)), Required: true),
                ]),
                0,
                16)),
        new("memory", "Memory for what was read from a bucket last, or ahead. The index takes about 40B for each 64KiB of the devices besides.", new SizeShape(ByteSize.MiB(1), ByteSize.GiB(64), ByteSize.MiB(1)), "\"64MiB\""),
    ]);

    private static ObjectShape Bootstrap() => new(
    [
        new(
            "targets",
            "Targets to create.",
            new ListShape(
                new ObjectShape(
                [
                    new("iqn", "The target's name, like \"iqn.2026-11.com.example:disk0\".", Text(Names.IscsiName), Required: true),
                    new("luns", "The target's logical units.", new ListShape(Lun(), 0, 256), "[]"),
                    new("chap", "What a host must prove to log in. Left out: nothing.", Chap()),
                ]),
                0,
                256),
            "[]"),
    ]);

    private static ObjectShape Lun() => new(
    [
        new("lun", "Its number, 0 to 255; hosts expect one with 0.", new NumberShape(0, 255), Required: true),
        new("volume", "The volume behind it, created where absent; unique among volumes.", Text(Names.VolumeName), Required: true),
        new("size", "The volume's size. Thin: only what is written takes space.", new SizeShape(ByteSize.MiB(1), ByteSize.TiB(64), Sector), Required: true),
        new("blockSize", "Logical block length that hosts see. ESXi before 6.7 and old boot loaders know 512B only.", new ChoiceShape(BlockSizes), "\"512B\""),
        new("readOnly", "True: hosts can read only.", new SwitchShape(), "false"),
        new("removable", "True: hosts see a removable medium, which they can eject.", new SwitchShape(), "false"),
        new("writeSameToEnd", "True: WRITE SAME of 0 blocks means the rest of the volume. False: it is refused.", new SwitchShape(), "false"),
    ]);

    private static ObjectShape Chap() => new(
    [
        new("user", "The name the host gives.", Text(Names.ChapUser), Required: true),
        new("secret", "The secret the host proves, 12 to 128 characters (Windows takes 12 to 16).", new TextShape(Names.ChapSecret, secret: true), Required: true),
        new("mutualUser", "The name this target gives to a host that asks for proof.", Text(Names.ChapUser)),
        new("mutualSecret", "The secret this target proves; must differ from the other.", new TextShape(Names.ChapSecret, secret: true)),
    ]);

    private static ObjectShape Logging() => new(
    [
        new("level", "The least severe message that is written.", new ChoiceShape("debug", "information", "warning", "error"), "\"information\"", Live: true),
        new("file", "The log file; relative to dataDirectory. A new one is begun each day and at 64MiB, and 14 are kept.", Path, "\"logs/lunaria.log\""),
    ]);

    private static ObjectShape Events() => new(
    [
        new(
            "webhook",
            "A web address that gets each event as JSON, in order, again and again until it takes it.",
            new ObjectShape(
            [
                new("url", "The address, like \"https://alerts.example.com/lunaria\".", Text(Values.WebTarget), Required: true),
                new("secretFile", "File with a secret that messages are signed with (docs/API.md); relative to dataDirectory. Left out: they are not.", Path),
                new("severity", "The least severe event that is sent.", new ChoiceShape("information", "warning", "error"), "\"warning\""),
            ])),
    ]);

    private static ObjectShape Metrics() => new(
    [
        new("otlpCollector", "An OpenTelemetry collector that gets all metrics each minute (OTLP over HTTP), like \"http://127.0.0.1:4318\". Left out: none.", Text(Values.WebAddress)),
    ]);

    private static ObjectShape Web() => new(
    [
        new("listen", "Where the API listens, as \"ADDRESS:PORT\" (port 0: any free one), or \"off\". On the loopback only this machine reaches it.", Text(text => Values.WebListen(text) ?? (object)"off"), "\"127.0.0.1:8480\""),
        new("certificate", "Certificate of the API with its chain, PEM; relative to dataDirectory. Left out: one that is made at the first start.", Path),
        new("certificateKey", "Key of that certificate, PEM; relative to dataDirectory.", Path),
    ]);

    private static TextShape Text(Func<string, object> parse) => new(parse);
}
