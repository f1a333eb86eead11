using System.Text;
using Lunaria.Appliance.Settings;
using Lunaria.Testing;

namespace Lunaria.Appliance.Tests.Settings;

[TestClass]
public sealed class SettingsTests
{
    private const string File = "/etc/lunaria/appliance.json";

    [TestMethod]
    public void The_least_file_has_all_defaults()
    {
        var settings = Read("""{ "schemaVersion": 1 }""");
        Assert.AreEqual("/etc/lunaria/data", settings.DataDirectory);
        Assert.AreEqual("0.0.0.0:3260", settings.Iscsi.Portals.Single().ToString());
        Assert.AreEqual("/etc/lunaria/data/pool/0.lpool", settings.PoolComponents.Single().Path);
        Assert.AreEqual(ByteSize.GiB(80), settings.PoolComponents.Single().Size);
        Assert.AreEqual(new LogSettings("/etc/lunaria/data/log", ByteSize.GiB(4), false), settings.Log);
        Assert.AreEqual(ByteSize.MiB(256), settings.MapMemory);
        Assert.IsEmpty(settings.BootstrapTargets);
        Assert.AreEqual(new LoggingSettings("information", "/etc/lunaria/data/logs/lunaria.log"), settings.Logging);
        Assert.AreEqual("127.0.0.1:8480", settings.Web.Listen!.ToString());
    }

    [TestMethod]
    public void Everything_can_be_said_with_comments_and_trailing_commas()
    {
        var settings = Read("""
            // a comment
            {
              "$schema": "x", "schemaVersion": 1, /* another */ "dataDirectory": "/srv/l",
              "iscsi": { "portals": ["192.0.2.1:3260", "[::1]:3261",], },
              "pool": { "components": [{ "path": "a", "size": "1GiB" }, { "path": "/disks/b", "size": "2TiB" }] },
              "log": { "directory": "/flash", "size": "512MiB", "discardDamagedTail": true }, "map": { "memory": "16MiB" },
              "bootstrap": { "targets": [{ "iqn": "iqn.2026-11.example:a", "luns": [{ "lun": 0, "volume": "v", "size": "64TiB" },
                  { "lun": 1, "volume": "w", "size": "1GiB", "blockSize": "4KiB", "readOnly": true, "removable": true, "writeSameToEnd": true }],
                "chap": { "user": "u", "secret": "123456789012", "mutualUser": "m", "mutualSecret": "abcdefghijkl" } }] },
              "logging": { "level": "error", "file": "l.txt" }, "web": { "listen": "off" },
            }
            """);
        Assert.AreEqual("192.0.2.1:3260 [::1]:3261", string.Join(' ', settings.Iscsi.Portals));
        Assert.AreEqual("/srv/l/a /disks/b", string.Join(' ', settings.PoolComponents.Select(component => component.Path)));
        Assert.AreEqual(new LogSettings("/flash", ByteSize.MiB(512), true), settings.Log);
        var target = settings.BootstrapTargets.Single();
        Assert.AreEqual("iqn.2026-11.example:a", target.Iqn);
        Assert.AreEqual(new LunSettings(0, "v", ByteSize.TiB(64)), target.Luns[0]);
        Assert.AreEqual(new UnitSettings(4096, true, true, true), target.Luns[1].Unit);
        Assert.AreEqual(new ChapSettings("u", "123456789012", "m", "abcdefghijkl"), target.Chap);
        Assert.DoesNotContain("123456789012", $"{target.Chap} {target} {settings}");
        Assert.IsNull(settings.Web.Listen);
    }

    [TestMethod]
    public void A_bucket_takes_the_place_of_the_pool()
    {
        var settings = Read("""
            { "schemaVersion": 1, "log": { "size": "64GiB" }, "backend": { "kind": "s3", "s3": { "endpoints": ["https://a:8443", "https://b"], "bucket": "disks",
              "prefix": "site-1/pool", "credentialsFile": "keys", "caFile": "/etc/ca.pem" } } }
            """);
        var s3 = settings.S3!;
        Assert.AreEqual("https://a:8443/ https://b/", string.Join(' ', s3.Endpoints));
        Assert.AreEqual(("disks", "site-1/pool", "us-east-1", "default"), (s3.Bucket, s3.Prefix, s3.Region, s3.Profile));
        Assert.AreEqual(("/etc/lunaria/data/keys", "/etc/ca.pem"), (s3.CredentialsFile, s3.CaFile));
    }

    [TestMethod]
    public void The_command_line_wins_over_the_file()
    {
        var overrides = new SettingsOverrides("/other", [Values.EndPoint("127.0.0.1:0")]);
        var settings = Read("""{ "schemaVersion": 1, "dataDirectory": "d", "iscsi": { "portals": ["0.0.0.0:1"] } }""", overrides);
        Assert.AreEqual("/other", settings.DataDirectory);
        Assert.AreEqual("/other/pool/0.lpool", settings.PoolComponents.Single().Path);
        Assert.AreEqual("127.0.0.1:0", settings.Iscsi.Portals.Single().ToString());
    }

    // One row per kind of error: the body of the file, the path of the key, and what the message must name.
    [TestMethod]
    [DataRow("""  """, "schemaVersion", "is missing")]
    [DataRow(""" "schemaVersion": 2 """, "schemaVersion", "2 is not possible; write 1")]
    [DataRow(""" "schemaVersion": "1" """, "schemaVersion", "\"1\"")]
    [DataRow(""" "schemaVersion": 1, "schemaVersion": 1 """, "schemaVersion", "twice")]
    [DataRow(""" "schemaVersion": 1, "isci": {} """, "isci", "\"iscsi\" is meant?")]
    [DataRow(""" "schemaVersion": 1, "DATADIRECTORY": "x" """, "DATADIRECTORY", "\"dataDirectory\" is meant?")]
    [DataRow(""" "schemaVersion": 1, "zzzzzzzzzz": 1 """, "zzzzzzzzzz", "known are $schema, schemaVersion, dataDirectory")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "portal": ["1.2.3.4:5"] } """, "iscsi.portal", "\"portals\" is meant?")]
    [DataRow(""" "schemaVersion": 1, "dataDirectory": 3 """, "dataDirectory", "3 is not a string")]
    [DataRow(""" "schemaVersion": 1, "dataDirectory": "" """, "dataDirectory", "is not a path")]
    [DataRow(""" "schemaVersion": 1, "dataDirectory": null """, "dataDirectory", "null is not a string")]
    [DataRow(""" "schemaVersion": 1, "iscsi": [] """, "iscsi", "is not an object")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "portals": {} } """, "iscsi.portals", "is not a list")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "portals": [] } """, "iscsi.portals", "has 0 entries; allowed are 1 to 64")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "portals": ["1.2.3.4:5", "::1:3260"] } """, "iscsi.portals[1]", "[2001:db8::1]:3260")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "portals": ["localhost:3260"] } """, "iscsi.portals[0]", "is not an address with a port")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "portals": ["1.2.3.4"] } """, "iscsi.portals[0]", "is not an address with a port")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "portals": ["1.2.3.4:65536"] } """, "iscsi.portals[0]", "is not an address with a port")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "portals": ["[1.2.3.4]:80"] } """, "iscsi.portals[0]", "is not an address with a port")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "portals": ["127.0.0.1:80", "0.0.0.0:80"] } """, "iscsi.portals[1]", "already served by 127.0.0.1:80")]
    [DataRow(""" "schemaVersion": 1, "log": { "size": 4294967296 } """, "log.size", "is not a string")]
    [DataRow(""" "schemaVersion": 1, "log": { "size": "4G" } """, "log.size", "like \"64GiB\"")]
    [DataRow(""" "schemaVersion": 1, "log": { "size": "1MiB" } """, "log.size", "allowed are 256MiB to 1TiB")]
    [DataRow(""" "schemaVersion": 1, "log": { "size": "300MiB" } """, "log.size", "write 320MiB")]
    [DataRow(""" "schemaVersion": 1, "log": { "size": "64GiB" } """, "log.size", "needs a pool of at least 128GiB, and pool.components have 80GiB")]
    [DataRow(""" "schemaVersion": 1, "log": { "discardDamagedTail": "yes" } """, "log.discardDamagedTail", "neither true nor false")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "portals": ["1.2.3.4:5", "[::]:5"] } """, "iscsi.portals[1]", "already served by 1.2.3.4:5")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "maxConnections": 0 } """, "iscsi.maxConnections", "1 to 65536")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "loginTimeout": 15 } """, "iscsi.loginTimeout", "is not a string")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "loginTimeout": "15" } """, "iscsi.loginTimeout", "like \"30s\"")]
    [DataRow(""" "schemaVersion": 1, "iscsi": { "loginTimeout": "1h" } """, "iscsi.loginTimeout", "allowed are 1s to 5min")]
    [DataRow(""" "schemaVersion": 1, "map": { "memory": "1TiB" } """, "map.memory", "more than this machine's")]
    [DataRow(""" "schemaVersion": 1, "pool": { "components": [{ "path": "a" }] } """, "pool.components[0].size", "is missing")]
    [DataRow(""" "schemaVersion": 1, "pool": { "components": [{ "path": "a", "size": "80GiB" }, { "path": "./x/../a", "size": "1GiB" }] } """, "pool.components[1].path", "pool.components[0]")]
    [DataRow(""" "schemaVersion": 1, "backend": { "kind": "S3" } """, "backend.kind", "\"pool\", \"s3\"")]
    [DataRow(""" "schemaVersion": 1, "backend": { "kind": "s3" } """, "backend.s3", "is missing, but backend.kind is \"s3\"")]
    [DataRow(""" "schemaVersion": 1, "backend": { "s3": { "endpoints": ["https://a"], "bucket": "abc" } } """, "backend.s3", "backend.kind is \"pool\"")]
    [DataRow(""" "schemaVersion": 1, "backend": { "kind": "s3", "s3": { "endpoints": ["https://a"] } } """, "backend.s3.bucket", "is missing")]
    [DataRow(""" "schemaVersion": 1, "backend": { "kind": "s3", "s3": { "endpoints": ["a:80"], "bucket": "abc" } } """, "backend.s3.endpoints[0]", "is not the address of a server")]
    [DataRow(""" "schemaVersion": 1, "backend": { "kind": "s3", "s3": { "endpoints": ["https://a/path"], "bucket": "abc" } } """, "backend.s3.endpoints[0]", "without a path")]
    [DataRow(""" "schemaVersion": 1, "backend": { "kind": "s3", "s3": { "endpoints": ["https://key:secret@a"], "bucket": "abc" } } """, "backend.s3.endpoints[0]", "without a path")]
    [DataRow(""" "schemaVersion": 1, "backend": { "kind": "s3", "s3": { "endpoints": ["https://a", "http://b"], "bucket": "abc" } } """, "backend.s3.endpoints[1]", "is not https like the first")]
    [DataRow(""" "schemaVersion": 1, "backend": { "kind": "s3", "s3": { "endpoints": ["https://a"], "bucket": "Bucket" } } """, "backend.s3.bucket", "3 to 63")]
    [DataRow(""" "schemaVersion": 1, "backend": { "kind": "s3", "s3": { "endpoints": ["https://a"], "bucket": "abc", "prefix": "/a" } } """, "backend.s3.prefix", "is not a prefix")]
    [DataRow(""" "schemaVersion": 1, "backend": { "kind": "s3", "s3": { "endpoints": ["https://a"], "bucket": "abc", "prefix": "a/../b" } } """, "backend.s3.prefix", "is not a prefix")]
    [DataRow(""" "schemaVersion": 1, "logging": { "level": "verbose" } """, "logging.level", "\"debug\", \"information\"")]
    [DataRow(""" "schemaVersion": 1, "web": { "listen": "nowhere" } """, "web.listen", "address with a port")]
    [DataRow(""" "schemaVersion": 1, "web": { "certificate": "a.pem" } """, "web", "certificateKey")]
    [DataRow(""" "schemaVersion": 1, "web": { "listen": "127.0.0.1:3260" } """, "web.listen", "taken by the portal 0.0.0.0:3260")]
    public void Each_error_names_key_value_and_remedy(string body, string path, string says)
    {
        var error = Errors($"{{{body}}}").Single();
        Assert.AreEqual(path, error.Path);
        StringAssert.Contains(error.Message, says);
    }

    [TestMethod]
    [DataRow(""" "iqn": "iqn.2026-11.a:x", "luns": [{ "lun": 256, "volume": "v", "size": "1GiB" }] """, ".luns[0].lun", "256 is not a whole number from 0 to 255")]
    [DataRow(""" "iqn": "iqn.2026-11.a:x", "luns": [{ "lun": 0.5, "volume": "v", "size": "1GiB" }] """, ".luns[0].lun", "0.5")]
    [DataRow(""" "iqn": "iqn.2026-11.a:x", "luns": [{ "lun": 0, "volume": "../v", "size": "1GiB" }] """, ".luns[0].volume", "is not a volume name")]
    [DataRow(""" "iqn": "iqn.2026-11.a:x", "luns": [{ "lun": 0, "volume": "v", "size": "65TiB" }] """, ".luns[0].size", "1MiB to 64TiB")]
    [DataRow(""" "iqn": "iqn.2026-11.a:x", "luns": [{ "lun": 0, "volume": "v", "size": "1048577B" }] """, ".luns[0].size", "multiple of 4KiB")]
    [DataRow(""" "iqn": "iqn.2026-11.a:x", "luns": [{ "lun": 0, "volume": "v", "size": "1GiB" }, { "lun": 0, "volume": "w", "size": "1GiB" }] """, ".luns[1].lun", "is already")]
    [DataRow(""" "iqn": "iqn.2026-11.a:x", "luns": [{ "lun": 0, "volume": "v", "size": "1GiB" }, { "lun": 1, "volume": "v", "size": "2GiB" }] """, ".luns[1].size", "2GiB differs from the 1GiB")]
    [DataRow(""" "iqn": "iqn.2026-11.a:x", "luns": [{ "lun": 0, "volume": "v", "size": "1GiB", "blockSize": "1KiB" }] """, ".luns[0].blockSize", "\"512B\", \"4KiB\"")]
    [DataRow(""" "iqn": "iqn.2026-11.a:x", "luns": [{ "lun": 0, "volume": "v", "size": "1GiB" }, { "lun": 1, "volume": "v", "size": "1GiB", "readOnly": true }] """, ".luns[1]", "looks the same on every path")]
    [DataRow(""" "iqn": "iqn.2026-13.a:x" """, ".iqn", "is not an iSCSI name")]
    [DataRow(""" "iqn": "iqn.2026-11.A:x" """, ".iqn", "lower case")]
    [DataRow(""" "iqn": "disk" """, ".iqn", "is not an iSCSI name")]
    [DataRow(""" "luns": [] """, ".iqn", "is missing")]
    [DataRow(""" "iqn": "iqn.2026-11.a:x", "chap": { "user": "u" } """, ".chap.secret", "is missing")]
    [DataRow(""" "iqn": "iqn.2026-11.a:x", "chap": { "user": "u", "secret": "123456789012", "mutualUser": "m" } """, ".chap", "write both or none")]
    [DataRow(""" "iqn": "iqn.2026-11.a:x", "chap": { "user": "u", "secret": "123456789012", "mutualUser": "m", "mutualSecret": "123456789012" } """, ".chap.mutualSecret", "equals secret")]
    public void Each_error_of_a_target_names_key_value_and_remedy(string target, string path, string says)
    {
        var error = Errors($$"""{ "schemaVersion": 1, "bootstrap": { "targets": [{ {{target}} }] } }""").Single();
        Assert.AreEqual($"bootstrap.targets[0]{path}", error.Path);
        StringAssert.Contains(error.Message, says);
    }

    [TestMethod]
    public void All_errors_come_at_once_in_the_order_of_the_file()
    {
        var errors = Errors("""
            { "schemaVersion": 9, "log": { "size": "x", "sise": 1 }, "iscsi": { "portals": ["a", "1.2.3.4:5", "b"] }, "web": { "listen": "c" } }
            """);
        Assert.AreEqual(
            "schemaVersion log.size log.sise iscsi.portals[0] iscsi.portals[2] web.listen",
            string.Join(' ', errors.Select(error => error.Path)));
    }

    [TestMethod]
    public void A_secret_is_never_told()
    {
        var errors = Errors("""
            { "schemaVersion": 1, "bootstrap": { "targets": [
              { "iqn": "iqn.2026-11.a:x", "chap": { "user": "u", "secret": "hush", "mutualUser": "m", "mutualSecret": ["hush"] } }] } }
            """);
        Assert.HasCount(2, errors);
        foreach (var error in errors)
            Assert.DoesNotContain("hush", error.ToString());
    }

    [TestMethod]
    [DataRow("", "line 1")]
    [DataRow("{ \"schemaVersion\": 1\n \"log\": {} }", "line 2")]
    [DataRow("{ \"schemaVersion\": 1 } x", "is not JSON")]
    [DataRow("[]", "is not an object")]
    public void What_is_not_json_is_told_with_its_place(string content, string says) => StringAssert.Contains(Errors(content).Single().Message, says);

    [TestMethod]
    public void Any_bytes_give_settings_or_errors()
    {
        var sample = System.IO.File.ReadAllBytes(Path.Combine(Repository.Root, "appliance.json"));
        var seed = Seed.One();
        Console.WriteLine($"LUNARIA_SEED={seed}");
        var random = new Random(seed);
        for (var round = 0; round < 3_000; round++)
        {
            var bytes = sample[..random.Next(sample.Length + 1)];
            for (var i = random.Next(4); i > 0 && bytes.Length > 0; i--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                SettingsReader.Read(bytes, File, SettingsOverrides.None);
            }
            catch (SettingsException e)
            {
                Assert.IsNotEmpty(e.Errors);
            }
        }
    }

    [TestMethod]
    public void What_is_not_utf8_is_told()
    {
        byte[] content = [.. "{ \"schemaVersion\": 1, \"dataDirectory\": \""u8, 0x8E, .. "\" }"u8];
        var e = Assert.ThrowsExactly<SettingsException>(() => SettingsReader.Read(content, File, SettingsOverrides.None));
        StringAssert.Contains(e.Message, "UTF-8");
    }

    [TestMethod]
    public void The_sample_in_the_repository_is_right()
    {
        var settings = SettingsReader.ReadFile(Path.Combine(Repository.Root, "appliance.json"), SettingsOverrides.None);
        Assert.AreEqual(Path.Combine(Repository.Root, "data"), settings.DataDirectory);
        Assert.AreEqual(ByteSize.GiB(64), settings.BootstrapTargets.Single().Luns.Single().Size);
    }

    [TestMethod]
    public void An_absent_file_is_told_with_the_remedy()
    {
        var e = Assert.ThrowsExactly<SettingsException>(() => SettingsReader.ReadFile("/nowhere/appliance.json", SettingsOverrides.None));
        StringAssert.Contains(e.Message, "--config FILE");
    }

    private static ApplianceSettings Read(string content, SettingsOverrides? overrides = null) =>
        SettingsReader.Read(Encoding.UTF8.GetBytes(content), File, overrides ?? SettingsOverrides.None);

    private static IReadOnlyList<SettingsError> Errors(string content) => Assert.ThrowsExactly<SettingsException>(() => Read(content)).Errors;
}
