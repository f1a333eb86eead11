using Lunaria.Volumes.Metadata;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Tests.Metadata;

/// <summary>lunaria.db: what is written comes back from the file, and other files are refused.</summary>
[TestClass]
public sealed class MetadataDatabaseTests
{
    [TestMethod]
    public void Volumes_come_back_in_order_and_numbers_are_never_given_again()
    {
        using var directory = new TemporaryDirectory();
        Guid pool;
        VolumeRecord first, second;
        using (MetadataDatabase database = MetadataDatabase.Open(directory["lunaria.db"], TimeProvider.System))
        {
            pool = database.PoolId;
            first = database.CreateVolume(Guid.NewGuid(), "one", 1L << 46);
            second = database.CreateVolume(Guid.NewGuid(), "two", 4096);
            Assert.AreEqual((1U, 2U), (first.Number, second.Number));
            Assert.ThrowsExactly<InvalidOperationException>(() => database.CreateVolume(Guid.NewGuid(), "one", 4096));
            Assert.ThrowsExactly<InvalidOperationException>(() => database.CreateVolume(first.Uuid, "three", 4096));
            database.RemoveVolume(second.Uuid, 2);
            database.RemoveLine(database.ReadLines()[1]);
            database.SetVolumeState(first.Uuid, VolumeRecordState.Closed);
        }
        using MetadataDatabase again = MetadataDatabase.Open(directory["lunaria.db"], TimeProvider.System);
        Assert.AreEqual(pool, again.PoolId);
        CollectionAssert.AreEqual(new[] { first with { State = VolumeRecordState.Closed } }, again.ReadVolumes().ToArray());
        Assert.AreEqual(3U, again.CreateVolume(second.Uuid, "two", 8192).Number);
    }

    [TestMethod]
    public void Lives_settings_and_reservations_survive()
    {
        using var directory = new TemporaryDirectory();
        for (ulong life = 1; life <= 3; life++)
        {
            using MetadataDatabase database = MetadataDatabase.Open(directory["lunaria.db"], TimeProvider.System);
            Assert.AreEqual(life, database.BeginLife());
            Assert.AreEqual(life == 1 ? null : $"{life - 1}", database.ReadSetting("a"));
            database.WriteSetting("a", $"{life}");
            CollectionAssert.AreEqual(life == 1 ? null : new[] { (byte)(life - 1) }, database.ReadReservations("lu"));
            database.WriteReservations("lu", [(byte)life]);
        }
        using MetadataDatabase last = MetadataDatabase.Open(directory["lunaria.db"], TimeProvider.System);
        last.WriteSetting("a", null);
        last.WriteReservations("lu", null);
        Assert.IsNull(last.ReadSetting("a"));
        Assert.IsNull(last.ReadReservations("lu"));
    }

    [TestMethod]
    public void Events_come_newest_first_in_pages_and_old_ones_go()
    {
        using var directory = new TemporaryDirectory();
        using MetadataDatabase database = MetadataDatabase.Open(directory["lunaria.db"], TimeProvider.System);
        var added = new List<EventRecord>();
        for (int i = 0; i < 5; i++)
            added.Add(database.AddEvent(EventSeverity.Warning, $"volume {i}", "it happened"));
        added.Reverse();
        CollectionAssert.AreEqual(added[..2], database.ReadEvents(long.MaxValue, 2).ToArray());
        CollectionAssert.AreEqual(added[2..], database.ReadEvents(added[1].Id, 100).ToArray());
        using (var connection = new SqliteConnection($"Data Source={directory["lunaria.db"]};Pooling=False"))
        {
            connection.Open();
            SqliteFile.Execute(connection, $"UPDATE sqlite_sequence SET seq = seq + {MetadataDatabase.MaxEvents - 3} WHERE name = 'events'");
        }
        database.AddEvent(EventSeverity.Error, "later", "x");
        Assert.HasCount(3, database.ReadEvents(long.MaxValue, 100));
    }

    [TestMethod]
    [DataRow("lunaria.db")]
    [DataRow("map.db")]
    public void A_newer_file_is_refused_and_stays_as_it_is(string name)
    {
        using var directory = new TemporaryDirectory();
        Open(directory[name]).Dispose();
        Execute(directory[name], "PRAGMA user_version = 99");
        InvalidDataException refusal = Assert.ThrowsExactly<InvalidDataException>(() => Open(directory[name]));
        StringAssert.Contains(refusal.Message, "newer version", StringComparison.Ordinal);
        StringAssert.Contains(refusal.Message, name, StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("lunaria.db")]
    [DataRow("map.db")]
    public void Another_programs_file_is_refused(string name)
    {
        using var directory = new TemporaryDirectory();
        Execute(directory[name], "PRAGMA application_id = 42");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Open(directory[name])).Message, "another program", StringComparison.Ordinal);
        File.WriteAllText(directory["text"], new string('x', 5000));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Open(directory["text"])).Message, "damaged", StringComparison.Ordinal);
        Assert.ThrowsExactly<IOException>(() => Open(directory["missing/lunaria.db"]));
    }

    [TestMethod]
    public void A_damaged_page_is_found_at_start()
    {
        using var directory = new TemporaryDirectory();
        using (MetadataDatabase database = MetadataDatabase.Open(directory["lunaria.db"], TimeProvider.System))
        {
            for (int i = 0; i < 200; i++)
                database.CreateVolume(Guid.NewGuid(), $"volume {i}", 4096);
        }
        byte[] content = File.ReadAllBytes(directory["lunaria.db"]);
        int root = content.AsSpan().IndexOf("volume 0"u8) / 4096 * 4096;
        content.AsSpan(root, 4).Fill(0xEE);
        File.WriteAllBytes(directory["lunaria.db"], content);
        InvalidDataException failure = Assert.ThrowsExactly<InvalidDataException>(() => MetadataDatabase.Open(directory["lunaria.db"], TimeProvider.System));
        StringAssert.Contains(failure.Message, "damaged", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Migrations_run_in_their_order_once_each_and_a_failed_one_leaves_the_version_before()
    {
        using var directory = new TemporaryDirectory();
        string[] migrations = ["CREATE TABLE a (x)", "INSERT INTO a VALUES (1)", "INSERT INTO a VALUES (2); BAD SQL"];
        var old = new SqliteFile(directory["x.db"], 7, 4096, migrations[..1]);
        old.OpenWriter(checkWhole: true).Dispose();
        Assert.ThrowsExactly<IOException>(() => (old with { Migrations = migrations }).OpenWriter(checkWhole: true));
        using SqliteConnection connection = (old with { Migrations = migrations[..2] }).OpenWriter(checkWhole: true);
        Assert.AreEqual(1L, SqliteFile.ReadScalar(connection, "SELECT count(*) FROM a"));
        Assert.AreEqual(2L, SqliteFile.ReadScalar(connection, "PRAGMA user_version"));
        Assert.AreEqual("wal", SqliteFile.ReadScalar(connection, "PRAGMA journal_mode"));
        Assert.AreEqual(2L, SqliteFile.ReadScalar(connection, "PRAGMA synchronous"));
    }

    private static IDisposable Open(string path) =>
        path.EndsWith("map.db", StringComparison.Ordinal) ? new MapDatabase(path) : MetadataDatabase.Open(path, TimeProvider.System);

    private static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        SqliteFile.Execute(connection, sql);
    }
}
