using Lunaria.Volumes.Io;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Tests.Metadata;

/// <summary>map.db: leaves, generations, all or nothing, damage.</summary>
[TestClass]
public sealed class MapDatabaseTests
{
    private static LeafRun[] Runs(uint segment) => [new(segment, 3, 0), new(0, 0, 100), new(segment + 1, 0, 300)];

    private static LeafRun[] Read(MapDatabase database, ulong leaf, uint generation = 0)
    {
        var runs = new LeafRun[512];
        return runs[..database.ReadLeaf(1, generation, leaf, runs)];
    }

    [TestMethod]
    public void The_newest_leaf_of_an_older_generation_is_found()
    {
        using var directory = new TemporaryDirectory();
        using var database = new MapDatabase(directory["map.db"]);
        using (MapCheckpointWriter writer = database.BeginCheckpoint(new()))
        {
            writer.PutLeaf(1, 2, 7, Runs(2));
            writer.PutLeaf(1, 5, 7, Runs(5));
            writer.PutLeaf(2, 3, 7, Runs(9));
            writer.Commit(new(1, default), new(1));
        }
        Assert.IsEmpty(Read(database, 7, 1));
        CollectionAssert.AreEqual(Runs(2), Read(database, 7, 2));
        CollectionAssert.AreEqual(Runs(2), Read(database, 7, 4));
        CollectionAssert.AreEqual(Runs(5), Read(database, 7, uint.MaxValue));
        Assert.IsEmpty(Read(database, 8));
    }

    [TestMethod]
    public void A_checkpoint_is_all_or_nothing()
    {
        using var directory = new TemporaryDirectory();
        using (var database = new MapDatabase(directory["map.db"]))
        {
            Assert.AreEqual(new MapCheckpoint(1, default), database.ReadCheckpoint(out uint first));
            Assert.AreEqual(1U, first);
            using (MapCheckpointWriter writer = database.BeginCheckpoint(new()))
            {
                writer.PutLeaf(1, 0, 1, Runs(1));
                writer.Commit(new(4, new(ulong.MaxValue, uint.MaxValue)), new(uint.MaxValue));
            }
            using (MapCheckpointWriter writer = database.BeginCheckpoint(new()))
            {
                writer.PutLeaf(1, 0, 1, Runs(2));
                writer.PutLeaf(1, 0, 2, Runs(2));
            }
        }
        using var again = new MapDatabase(directory["map.db"]);
        Assert.AreEqual(new MapCheckpoint(4, new(ulong.MaxValue, uint.MaxValue)), again.ReadCheckpoint(out uint next));
        Assert.AreEqual(uint.MaxValue, next);
        CollectionAssert.AreEqual(Runs(1), Read(again, 1));
        Assert.IsEmpty(Read(again, 2));
    }

    [TestMethod]
    [DataRow("UPDATE leaves SET content = CAST(substr(content, 1, 4) || x'FF' || substr(content, 6) AS BLOB)", "leaf 7 of line 1", DisplayName = "changed")]
    [DataRow("DELETE FROM leaves", "no leaf 7 of line 1", DisplayName = "missing")]
    public async Task A_damaged_leaf_is_named(string damage, string thing)
    {
        using var directory = new TemporaryDirectory();
        using (MapStore store = MapStore.Open(directory["map.db"], 1 << 20))
        {
            store.OpenVolume(1, Guid.Empty, 1 << 20, new());
            var header = Map.MapHarness.Header(0, 1, [7 * 512]);
            Assert.IsTrue(await store.ApplyAsync(new(default, [new(new(1), 1, header)], [])));
            await store.CheckpointAsync(new(2, default));
        }
        using (var connection = new SqliteConnection($"Data Source={directory["map.db"]};Pooling=False"))
        {
            connection.Open();
            Assert.AreEqual(1, SqliteFile.Execute(connection, damage));
        }
        using MapStore again = MapStore.Open(directory["map.db"], 1 << 20);
        BlockMap map = again.OpenVolume(1, Guid.Empty, 1 << 20, new());
        Assert.IsFalse(map.TryResolve(7 * 512, 1, new MapRun[1], out _));
        MapDamageException failure = await Assert.ThrowsExactlyAsync<MapDamageException>(() => map.LoadAsync(7 * 512, 1).AsTask());
        StringAssert.Contains(failure.Message, thing, StringComparison.Ordinal);
    }

    [TestMethod]
    public void Presence_with_a_flipped_bit_is_refused()
    {
        LeafSet leaves = default;
        leaves.Add(0);
        leaves.Add(511);
        leaves.Add(64);
        byte[] content = PresenceCodec.Encode(leaves);
        Assert.IsTrue(PresenceCodec.TryDecode(content, out LeafSet read));
        Assert.IsTrue(read.Contains(0) && read.Contains(64) && read.Contains(511) && !read.Contains(65) && read.Next(65) == 511);
        for (int i = 0; i < content.Length; i++)
        {
            content[i] ^= 2;
            Assert.IsFalse(PresenceCodec.TryDecode(content, out _));
            content[i] ^= 2;
        }
        Assert.IsFalse(PresenceCodec.TryDecode(content.AsSpan(1), out _));
    }

    [TestMethod]
    public async Task A_checkpoint_that_fails_changes_nothing_and_is_taken_later()
    {
        using var directory = new TemporaryDirectory();
        using var other = new SqliteConnection($"Data Source={directory["map.db"]};Pooling=False");
        using (MapStore store = MapStore.Open(directory["map.db"], 16 << 20))
        {
            other.Open();
            store.OpenVolume(1, Guid.Empty, 1 << 24, new());
            var header = Map.MapHarness.Header(0, 1, Enumerable.Range(0, 30_000).Select(i => (ulong)i * 513));
            Assert.IsTrue(await store.ApplyAsync(new(default, [new(new(1), 1, header)], [])));
            SqliteFile.Execute(other, "ALTER TABLE checkpoint RENAME COLUMN next_segment TO hidden");
            IOException failure = await Assert.ThrowsExactlyAsync<IOException>(() => store.CheckpointAsync(new(2, default)).AsTask());
            StringAssert.Contains(failure.Message, "map.db", StringComparison.Ordinal);
            Assert.AreEqual(1UL, store.Checkpoint.JournalSequence);
            SqliteFile.Execute(other, "ALTER TABLE checkpoint RENAME COLUMN hidden TO next_segment");
            Assert.AreEqual(0L, SqliteFile.ReadScalar(other, "SELECT count(*) FROM leaves"));
            await store.CheckpointAsync(new(2, default));
        }
        using MapStore again = MapStore.Open(directory["map.db"], 16 << 20);
        Assert.AreEqual(2UL, again.Checkpoint.JournalSequence);
        Assert.AreEqual(30_000, again.OpenVolume(1, Guid.Empty, 1 << 24, new()).MappedBlocks);
    }

    [TestMethod]
    public void A_full_file_system_is_told_from_other_failures()
    {
        using var directory = new TemporaryDirectory();
        using var connection = new SqliteConnection($"Data Source={directory["x.db"]};Pooling=False");
        connection.Open();
        SqliteFile.Execute(connection, "PRAGMA max_page_count=4; CREATE TABLE t (x)");
        SqliteException full = Assert.ThrowsExactly<SqliteException>(() => SqliteFile.Execute(connection, "INSERT INTO t VALUES (zeroblob(100000))"));
        Assert.IsInstanceOfType<DiskFullException>(SqliteErrors.Translate("x.db", full));
        SqliteException wrong = Assert.ThrowsExactly<SqliteException>(() => SqliteFile.Execute(connection, "NONSENSE"));
        Assert.AreEqual(typeof(IOException), SqliteErrors.Translate("x.db", wrong).GetType());
    }
}
