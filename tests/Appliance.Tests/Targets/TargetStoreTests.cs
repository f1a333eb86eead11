using System.Text;
using Lunaria.Appliance.Hosting;
using Lunaria.Appliance.Settings;
using Lunaria.Appliance.Targets;
using Microsoft.Data.Sqlite;

namespace Lunaria.Appliance.Tests.Targets;

[TestClass]
public sealed class TargetStoreTests
{
    private const string Iqn = "iqn.2026-11.test:a";

    [TestMethod]
    public void What_is_added_is_read_after_a_new_open()
    {
        using var directory = new TemporaryDirectory();
        var volume = Guid.NewGuid();
        var chap = new ChapRecord("u", "123456789012", "m", "abcdefghijkl");
        using (var store = Open(directory))
        {
            store.Add(new TargetRecord("iqn.2026-11.test:b", [], null));
            store.Add(new TargetRecord(Iqn, [new LunRecord(7, volume), new LunRecord(0, volume)], chap));
            store.AddLun(Iqn, new LunRecord(3, volume));
        }

        using (var store = Open(directory))
        {
            var targets = store.Read();
            Assert.AreEqual($"{Iqn} iqn.2026-11.test:b", string.Join(' ', targets.Select(target => target.Iqn)));
            Assert.AreEqual("0 3 7", string.Join(' ', targets[0].Luns.Select(lun => lun.Lun)));
            Assert.AreEqual(volume, targets[0].Luns[0].Volume);
            Assert.AreEqual(chap, targets[0].Chap);
            Assert.IsNull(targets[1].Chap);
            Assert.AreEqual("2 1", string.Join(' ', targets.Select(target => target.PortId)), "numbers follow the order of creation");
        }
    }

    [TestMethod]
    public void A_target_is_added_whole_or_not_at_all()
    {
        using var directory = new TemporaryDirectory();
        using var store = Open(directory);
        Assert.ThrowsExactly<SqliteException>(() =>
            store.Add(new TargetRecord(Iqn, [new LunRecord(0, Guid.NewGuid()), new LunRecord(0, Guid.NewGuid())], null)));
        Assert.IsEmpty(store.Read());
    }

    [TestMethod]
    public void A_secret_is_nowhere_in_the_files()
    {
        using var directory = new TemporaryDirectory();
        using (var store = Open(directory))
            store.Add(new TargetRecord(Iqn, [], new ChapRecord("u", "hush hush hush", "m", "mum mum mum mum")));
        foreach (var file in Directory.EnumerateFiles(directory.FullPath))
        {
            var text = Encoding.Latin1.GetString(File.ReadAllBytes(file));
            Assert.DoesNotContain("hush hush", text, file);
            Assert.DoesNotContain("mum mum", text, file);
        }
    }

    [TestMethod]
    public void Another_key_file_is_told()
    {
        using var directory = new TemporaryDirectory();
        using (var store = Open(directory))
            store.Add(new TargetRecord(Iqn, [], new ChapRecord("u", "123456789012", null, null)));
        File.Delete(directory["secrets.key"]);
        using var again = Open(directory);
        StringAssert.Contains(Assert.ThrowsExactly<StartException>(() => again.Read()).Message, "secrets.key");
    }

    [TestMethod]
    public void Tables_of_a_newer_program_are_refused()
    {
        using var directory = new TemporaryDirectory();
        Open(directory).Dispose();
        using (var connection = new SqliteConnection($"Data Source={directory["lunaria.db"]};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "UPDATE target_schema SET version = 3";
            command.ExecuteNonQuery();
        }

        StringAssert.Contains(Assert.ThrowsExactly<StartException>(() => Open(directory)).Message, "version 3");
    }

    [TestMethod]
    public void How_hosts_see_a_volume_is_said_once()
    {
        using var directory = new TemporaryDirectory();
        var volume = Guid.NewGuid();
        var seen = new UnitSettings(4096, ReadOnly: true, Removable: true, WriteSameToEnd: true);
        using (var store = Open(directory))
        {
            Assert.AreEqual(new UnitSettings(), store.ReadUnit(volume));
            store.AddUnit(volume, seen);
            store.AddUnit(volume, new UnitSettings());
        }

        using var again = Open(directory);
        Assert.AreEqual(seen, again.ReadUnit(volume));
    }

    [TestMethod]
    public void Targets_of_version_1_are_taken_over_and_look_as_before()
    {
        using var directory = new TemporaryDirectory();
        var volume = Guid.NewGuid();
        using (var store = Open(directory))
            store.Add(new TargetRecord(Iqn, [new LunRecord(0, volume)], null));
        using (var connection = new SqliteConnection($"Data Source={directory["lunaria.db"]};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "DROP TABLE target_units; UPDATE target_schema SET version = 1";
            command.ExecuteNonQuery();
        }

        using var again = Open(directory);
        again.AddUnit(volume, new UnitSettings(4096));
        Assert.AreEqual(new UnitSettings(), again.ReadUnit(volume), "hosts know it with 512-byte blocks");
        Assert.AreEqual(volume, again.Read().Single().Luns.Single().Volume);
    }

    private static TargetStore Open(TemporaryDirectory directory) =>
        TargetStore.Open(directory.FullPath, SecretBox.Open(directory.FullPath), TimeProvider.System);
}
