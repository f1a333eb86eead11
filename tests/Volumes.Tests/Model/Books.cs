using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;
using Lunaria.Volumes.Tests.Engine;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Tests.Model;

/// <summary>Recounts map.db after a checkpoint: what leaves name is what the segment table says, and the store has just these segments.</summary>
internal static class Books
{
    /// <summary>Blocks of segments that some row names, each once.</summary>
    public static long CountLive(EngineBed bed)
    {
        using SqliteConnection connection = new($"Data Source={Path.Combine(bed.SqliteDirectory, "map.db")};Pooling=False;Mode=ReadOnly");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT content FROM leaves";
        LeafRun[] runs = new LeafRun[BlockMap.LeafBlocks];
        HashSet<(uint, int)> live = [];
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            int count = LeafCodec.Decode((byte[])reader[0], runs);
            for (int i = 0; i < count; i++)
                for (int block = runs[i].Start; runs[i].Segment != 0 && block < LeafEditor.End(runs.AsSpan(0, count), i); block++)
                    live.Add((runs[i].Segment, runs[i].FirstIndex + block - runs[i].Start));
        }
        return live.Count;
    }

    public static void Check(EngineBed bed)
    {
        using SqliteConnection connection = new($"Data Source={Path.Combine(bed.SqliteDirectory, "map.db")};Pooling=False;Mode=ReadOnly");
        connection.Open();
        Dictionary<uint, long> counted = [];
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT content, volume, leaf, generation FROM leaves";
        LeafRun[] runs = new LeafRun[BlockMap.LeafBlocks];
        HashSet<(long, long, long)> rows = [];
        using (SqliteDataReader reader = command.ExecuteReader())
            while (reader.Read())
            {
                int count = LeafCodec.Decode((byte[])reader[0], runs);
                Assert.IsGreaterThan(0, count);
                rows.Add((reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)));
                for (int i = 0; i < count; i++)
                    if (runs[i].Segment != 0)
                        counted[runs[i].Segment] = counted.GetValueOrDefault(runs[i].Segment) + LeafEditor.End(runs.AsSpan(0, count), i) - runs[i].Start;
            }
        command.CommandText = "SELECT volume, leaf_group, generation, owned FROM presence";
        int owned = 0;
        using (SqliteDataReader reader = command.ExecuteReader())
            while (reader.Read())
            {
                Assert.IsTrue(PresenceCodec.TryDecode((byte[])reader[3], out LeafSet leaves));
                for (int leaf = leaves.Next(0); leaf < LeafGroup.Leaves; leaf = leaves.Next(leaf + 1), owned++)
                    Assert.Contains((reader.GetInt64(0), (reader.GetInt64(1) * LeafGroup.Leaves) + leaf, reader.GetInt64(2)), rows, "a row that presence names");
            }
        Assert.AreEqual(rows.Count, owned, "rows of leaves that presence names");
        command.CommandText = "SELECT id, refs, blocks * 4096 + header_bytes FROM segments";
        long stored = 0;
        using (SqliteDataReader reader = command.ExecuteReader())
            while (reader.Read())
            {
                counted.Remove((uint)reader.GetInt64(0), out long references);
                Assert.AreEqual(references, reader.GetInt64(1), $"names of segment {reader.GetInt64(0)}");
            }
        Assert.IsEmpty(counted, "segments that are named but not there");
        stored = bed.Manager.GetStatistics().StoredBytes;
        Assert.AreEqual(bed.Store.UsedBytes, stored);
    }
}
