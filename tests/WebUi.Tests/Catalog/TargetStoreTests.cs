using System.Text;
using Lunaria.WebUi.Catalog;
using Microsoft.Data.Sqlite;

namespace Lunaria.WebUi.Tests.Catalog;

[TestClass]
public sealed class TargetStoreTests
{
    private const string Iqn = "iqn.2026-11.test:a";
    private static readonly ChapRecord Chap = new("u", "hush hush hush", "m", "mum mum mum mum");

    [TestMethod]
    public void What_is_added_is_read_after_a_new_open()
    {
        using var directory = new TemporaryDirectory();
        var volume = Guid.NewGuid();
        using (var opened = new Opened(directory))
        {
            opened.Store.Add(new TargetRecord("iqn.2026-11.test:b", [], []));
            opened.Store.Add(new TargetRecord(Iqn, [new LunRecord(7, volume), new LunRecord(0, volume)], [new AccessRecord("*", Chap)]));
            opened.Store.AddLun(Iqn, new LunRecord(3, volume));
            opened.Store.SetPortals(Iqn, 7, ["10.0.0.1:3260", "[::1]:3261"]);
            opened.Store.SetRedirect(Iqn, new RedirectRecord("storage.example.com:3260", IsPermanent: true));
            opened.Store.SetAccess(Iqn, new AccessRecord("iqn.2026-11.test:host", null));
            opened.Store.SetAccess(Iqn, new AccessRecord("iqn.2026-11.test:part", null) { Addresses = ["10.0.0.0/8", "::1"], Luns = [0, 7] });
            opened.Store.SetAccess(Iqn, new AccessRecord("iqn.2026-11.test:without", null) { Luns = [] });
        }

        using (var opened = new Opened(directory))
        {
            var targets = opened.Store.Read();
            Assert.AreEqual($"{Iqn} iqn.2026-11.test:b", string.Join(' ', targets.Select(target => target.Iqn)));
            Assert.AreEqual("0 3 7", string.Join(' ', targets[0].Luns.Select(lun => lun.Lun)));
            Assert.AreEqual(volume, targets[0].Luns[0].Volume);
            Assert.AreEqual(new AccessRecord("*", Chap), targets[0].Access[0]);
            Assert.AreEqual(new AccessRecord("iqn.2026-11.test:host", null), targets[0].Access[1]);
            Assert.AreEqual("10.0.0.0/8 ::1", string.Join(' ', targets[0].Access[2].Addresses));
            Assert.AreEqual("0 7", string.Join(' ', targets[0].Access[2].Luns!));
            Assert.IsEmpty(targets[0].Access[3].Luns!);
            Assert.IsEmpty(targets[1].Access);
            Assert.AreEqual("2 1", string.Join(' ', targets.Select(target => target.PortId)), "numbers follow the order of creation");
            Assert.AreEqual("7 10.0.0.1:3260 [::1]:3261", $"{targets[0].PortalGroup} {string.Join(' ', targets[0].Portals)}");
            Assert.AreEqual(new RedirectRecord("storage.example.com:3260", IsPermanent: true), targets[0].Redirect);
            Assert.AreEqual((1, 0, null), (targets[1].PortalGroup, targets[1].Portals.Count, targets[1].Redirect));
        }
    }

    [TestMethod]
    public void What_is_removed_takes_all_that_belongs_to_it_and_its_port_number_is_not_given_again()
    {
        using var directory = new TemporaryDirectory();
        using var opened = new Opened(directory);
        opened.Store.Add(new TargetRecord(Iqn, [new LunRecord(0, Guid.NewGuid())], [new AccessRecord("*", Chap)]));
        opened.Store.Remove(Iqn);
        Assert.IsEmpty(opened.Store.Read());
        Assert.AreEqual(2, opened.Store.Add(new TargetRecord(Iqn, [], [])).PortId);
        Assert.IsEmpty(opened.Store.Read().Single().Luns);
        Assert.IsEmpty(opened.Store.Read().Single().Access);
    }

    [TestMethod]
    public void A_target_is_added_whole_or_not_at_all()
    {
        using var directory = new TemporaryDirectory();
        using var opened = new Opened(directory);
        Assert.ThrowsExactly<SqliteException>(() =>
            opened.Store.Add(new TargetRecord(Iqn, [new LunRecord(0, Guid.NewGuid()), new LunRecord(0, Guid.NewGuid())], [])));
        Assert.IsEmpty(opened.Store.Read());
    }

    [TestMethod]
    public void A_secret_is_nowhere_in_the_files()
    {
        using var directory = new TemporaryDirectory();
        using (var opened = new Opened(directory))
            opened.Store.Add(new TargetRecord(Iqn, [], [new AccessRecord("*", Chap)]));
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
        using (var opened = new Opened(directory))
            opened.Store.Add(new TargetRecord(Iqn, [], [new AccessRecord("*", Chap)]));
        File.Delete(directory["secrets.key"]);
        using var again = new Opened(directory);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => again.Store.Read()).Message, "secrets.key");
    }

    [TestMethod]
    public void Tables_of_a_newer_program_are_refused()
    {
        using var directory = new TemporaryDirectory();
        new Opened(directory).Dispose();
        Execute(directory, "UPDATE target_schema SET version = 99");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => new Opened(directory)).Message, "version 99");
    }

    [TestMethod]
    public void How_hosts_see_a_volume_is_said_once()
    {
        using var directory = new TemporaryDirectory();
        var volume = Guid.NewGuid();
        var seen = new UnitRecord(4096, ReadOnly: true, Removable: true, WriteSameToEnd: true);
        using (var opened = new Opened(directory))
        {
            Assert.IsEmpty(opened.Store.ReadUnits());
            opened.Store.AddUnit(volume, seen);
            opened.Store.AddUnit(volume, new UnitRecord());
        }

        using var again = new Opened(directory);
        Assert.AreEqual(seen, again.Store.ReadUnits()[volume]);
    }

    [TestMethod]
    public void Targets_of_the_first_version_keep_their_luns_ports_and_secrets()
    {
        using var directory = new TemporaryDirectory();
        var volume = Guid.NewGuid();
        var secrets = SecretBox.Open(directory.FullPath);
        Execute(directory, CatalogSchema.Migrations[0]);
        Execute(
            directory,
            "INSERT INTO targets VALUES (7, $1, 'u', $2, 'm', $3, ''); INSERT INTO targets VALUES (9, 'iqn.2026-11.test:b', NULL, NULL, NULL, NULL, ''); INSERT INTO target_luns VALUES ($1, 5, $4)",
            Iqn,
            secrets.Seal("hush hush hush", $"{Iqn}/secret"),
            secrets.Seal("mum mum mum mum", $"{Iqn}/mutual"),
            volume.ToString("D"));
        using var opened = new Opened(directory);
        var targets = opened.Store.Read();
        Assert.AreEqual(7, targets[0].PortId);
        Assert.AreEqual(new LunRecord(5, volume), targets[0].Luns.Single());
        Assert.AreEqual(new AccessRecord("*", Chap), targets[0].Access.Single());
        Assert.AreEqual(new AccessRecord("*", null), targets[1].Access.Single());
        opened.Store.AddUnit(volume, new UnitRecord(4096));
        Assert.AreEqual(new UnitRecord(), opened.Store.ReadUnits()[volume], "hosts know it with 512-byte blocks");
    }

    private static void Execute(TemporaryDirectory directory, string sql, params object[] values)
    {
        using var connection = new SqliteConnection($"Data Source={directory["lunaria.db"]};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
            command.Parameters.AddWithValue($"${i + 1}", values[i]);
        command.ExecuteNonQuery();
    }

    private sealed class Opened : IDisposable
    {
        private readonly CatalogDatabase _database;

        public Opened(TemporaryDirectory directory)
        {
            _database = CatalogDatabase.Open(directory.FullPath);
            Store = new TargetStore(_database, SecretBox.Open(directory.FullPath), TimeProvider.System);
        }

        public TargetStore Store { get; }

        public void Dispose() => _database.Dispose();
    }
}
