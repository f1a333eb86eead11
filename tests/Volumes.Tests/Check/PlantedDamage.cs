using Lunaria.Volumes.Check;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Recovery;
using Lunaria.Volumes.Segments;
using Lunaria.Volumes.Tests.Engine;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Tests.Check;

/// <summary>Every damage that a check has to find, by the name it has to give it, and how it is planted into what a stopped engine has left.</summary>
internal static class PlantedDamage
{
    /// <summary>Name of the kind, and what plants it.</summary>
    public static IReadOnlyList<(string Kind, Action<EngineBed> Plant)> All { get; } =
    [
        (CheckKinds.LogLabelMissing, bed => bed.Disk.Delete("log.label")),
        (CheckKinds.LogLabelDamaged, bed => bed.Disk.Corrupt("log.label", 40, 1)),
        (CheckKinds.LogFileMissing, bed => bed.Disk.Delete(LogFile(bed))),
        (CheckKinds.LogFileLength, bed => Open(bed, LogFile(bed), file => file.SetLength(file.LengthBytes - EngineBed.Block))),
        (CheckKinds.LogRecordDamaged, bed => FlipInLog(bed)),
        (CheckKinds.LogOutside, bed => Meta(bed, "UPDATE lines SET capacity_bytes = 4096")),
        (CheckKinds.JournalFrameDamaged, bed => bed.Disk.Corrupt(FirstFrame(bed, out long offset), offset + 70, 1)),
        (CheckKinds.JournalFrameMissing, bed => bed.Disk.Delete(FirstFrame(bed, out _))),
        (CheckKinds.JournalForeign, bed => Meta(bed, "UPDATE identity SET pool_id = randomblob(16)")),
        (CheckKinds.JournalUnknownLine, bed => Meta(bed, "DELETE FROM lines WHERE number = (SELECT number FROM volumes WHERE name = 'w')")),
        (CheckKinds.JournalSegment, bed => Map(bed, "INSERT INTO segments SELECT next_segment, 1, 99999, 4096, 1, 0, 0, 1 FROM checkpoint")),
        (CheckKinds.MapFileDamaged, bed => Scribble(bed, "map.db", 16384)),
        (CheckKinds.MapCheckpointMissing, bed => Map(bed, "DELETE FROM checkpoint")),
        (CheckKinds.MapLineUnknown, bed => Meta(bed, "DELETE FROM lines WHERE number = 1")),
        (CheckKinds.MapLineUuid, bed => Map(bed, "UPDATE volumes SET uuid = randomblob(16) WHERE volume = 1")),
        (CheckKinds.MapLineFamily, bed => Map(bed, "UPDATE volumes SET family = 77 WHERE volume = 1")),
        (CheckKinds.MapNextSequence, bed => Map(bed, "UPDATE volumes SET next_sequence = 1 WHERE volume = 1")),
        (CheckKinds.MapNextSegment, bed => Map(bed, "UPDATE checkpoint SET next_segment = 1")),
        (CheckKinds.MapMappedBlocks, bed => Map(bed, "UPDATE volumes SET mapped_blocks = mapped_blocks + 1 WHERE volume = 1")),
        (CheckKinds.MapSegmentShape, bed => Map(bed, "UPDATE segments SET header_bytes = 100 WHERE id = (SELECT max(id) FROM segments)")),
        (CheckKinds.MapSegmentTwice, bed => Map(bed, "INSERT INTO segments SELECT id + 1000000, volume, sequence, header_bytes, blocks, 0, born, kind FROM segments LIMIT 1")),
        (CheckKinds.MapSegmentLine, bed => Map(bed, "UPDATE segments SET volume = 77 WHERE id = (SELECT max(id) FROM segments)")),
        (CheckKinds.MapReferences, bed => Map(bed, "UPDATE segments SET refs = refs + 1 WHERE id = (SELECT max(id) FROM segments)")),
        (CheckKinds.MapLeafDamaged, bed => Map(bed, "UPDATE leaves SET content = CAST(substr(content, 1, 4) || x'55' || substr(content, 6) AS BLOB) WHERE (volume, leaf, generation) = (SELECT volume, leaf, generation FROM leaves LIMIT 1)")),
        (CheckKinds.MapLeafOutside, bed => Map(bed, "UPDATE leaves SET leaf = leaf + 100000 WHERE volume = 1")),
        (CheckKinds.MapLeafGeneration, bed => Map(bed, "UPDATE leaves SET generation = generation + 50 WHERE volume = 1")),
        (CheckKinds.MapLeafSegment, bed => Map(bed, "DELETE FROM segments WHERE refs > 0 AND id = (SELECT min(id) FROM segments WHERE refs > 0)")),
        (CheckKinds.MapLeafIndex, bed => Map(bed, "UPDATE segments SET blocks = 1 WHERE id = (SELECT max(id) FROM segments WHERE refs > 1 AND blocks > 1)")),
        (CheckKinds.MapLeafBlock, ShiftLeaf),
        (CheckKinds.MapPresenceDamaged, bed => Map(bed, "UPDATE presence SET content = CAST(x'55' || substr(content, 2) AS BLOB) WHERE volume = 1")),
        (CheckKinds.MapPresenceOwned, bed => ChangePresence(bed, (ref LeafSet present, ref LeafSet owned) => { present.Add(400); owned.Add(400); })),
        (CheckKinds.MapPresenceMissing, bed => ChangePresence(bed, (ref LeafSet present, ref LeafSet owned) => owned = default)),
        (CheckKinds.MapPresenceShown, bed => ChangePresence(bed, (ref LeafSet present, ref LeafSet owned) => present.Add(400))),
        (CheckKinds.MetaFileDamaged, bed => Scribble(bed, "lunaria.db", 4096)),
        (CheckKinds.MetaVolumeLine, bed => Meta(bed, "UPDATE volumes SET number = 77 WHERE name = 'w'")),
        (CheckKinds.MetaLineParent, bed => Meta(bed, "UPDATE lines SET parent = 77 WHERE parent <> 0")),
        (CheckKinds.MetaLineShort, bed => Meta(bed, "UPDATE volumes SET size_bytes = size_bytes * 2 WHERE name = 'w'")),
        (CheckKinds.MetaNextNumber, bed => Meta(bed, "UPDATE identity SET next_volume = 1")),
        (CheckKinds.MetaSnapshotLine, bed => Meta(bed, "UPDATE snapshots SET line = 77")),
        (CheckKinds.MetaSnapshotVolume, bed => Meta(bed, "UPDATE snapshots SET volume = randomblob(16)")),
        (CheckKinds.MetaSnapshotGeneration, bed => Meta(bed, "UPDATE snapshots SET generation = generation + 100")),
        (CheckKinds.SegmentMissing, bed => bed.Store.Replace(Named(bed), null)),
        (CheckKinds.SegmentLength, bed => bed.Store.Replace(Named(bed), bed.Store.Content(Named(bed))[..^EngineBed.Block])),
        (CheckKinds.SegmentHeader, bed => bed.Store.Corrupt(Named(bed), 60)),
        (CheckKinds.SegmentForeign, bed => bed.Store.Replace(Named(bed), bed.Store.Content(Named(bed, 1)))),
        (CheckKinds.SegmentBlock, bed => bed.Store.Corrupt(Named(bed), bed.Store.Content(Named(bed)).Length - 100)),
        (CheckKinds.ObjectOrphan, bed => bed.Store.Replace(SegmentKey.Format(Guid.Parse(Named(bed).Split('/')[1]), 0xFFFFF), bed.Store.Content(Named(bed)))),
        (CheckKinds.SuperblockMissing, bed => bed.Store.Replace(Superblock.Key, null)),
        (CheckKinds.SuperblockDamaged, bed => bed.Store.Corrupt(Superblock.Key, 20)),
        (CheckKinds.SuperblockForeign, bed => bed.Store.Replace(Superblock.Key, SuperblockCodec.WriteUnowned(Guid.NewGuid()))),
    ];

    private delegate void Edit(ref LeafSet present, ref LeafSet owned);

    private static void Meta(EngineBed bed, string sql) => Sql(bed, "lunaria.db", command => command.CommandText = sql);

    /// <summary>Damages a leaf that names blocks copied by reference.</summary>
    public static void DamageSharedLeaf(EngineBed bed) => Map(
        bed,
        "UPDATE leaves SET content = CAST(substr(content, 1, 4) || x'55' || substr(content, 6) AS BLOB) WHERE (volume, leaf, generation) = " +
        "(SELECT leaves.volume, leaves.leaf, leaves.generation FROM leaves JOIN shares ON shares.volume = leaves.volume AND shares.leaf = leaves.leaf LIMIT 1)");

    private static void Map(EngineBed bed, string sql) => Sql(bed, "map.db", command => command.CommandText = sql);

    private static void Sql(EngineBed bed, string file, Action<SqliteCommand> prepare)
    {
        using SqliteConnection connection = new($"Data Source={Path.Combine(bed.SqliteDirectory, file)};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        prepare(command);
        Assert.IsGreaterThan(0, command.ExecuteNonQuery(), $"{command.CommandText} plants nothing");
    }

    private static T Read<T>(EngineBed bed, string sql, Func<SqliteDataReader, T> read)
    {
        using SqliteConnection connection = new($"Data Source={Path.Combine(bed.SqliteDirectory, "map.db")};Pooling=False;Mode=ReadOnly");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        Assert.IsTrue(reader.Read(), sql);
        return read(reader);
    }

    /// <summary>Bytes of a page that is in use become others.</summary>
    private static void Scribble(EngineBed bed, string file, int pageBytes)
    {
        using FileStream stream = new(Path.Combine(bed.SqliteDirectory, file), FileMode.Open);
        byte[] garbage = new byte[pageBytes / 2];
        Array.Fill(garbage, (byte)0xA7);
        stream.Position = pageBytes;
        stream.Write(garbage);
    }

    private static string LogFile(EngineBed bed) => bed.Disk.List("").First(name => name.StartsWith("log-", StringComparison.Ordinal));

    private static void Open(EngineBed bed, string name, Action<IDiskFile> change)
    {
        using IDiskFile file = bed.Disk.Open(name, create: false);
        change(file);
    }

    /// <summary>Flips a bit of the payload of the first of two durable records.</summary>
    private static void FlipInLog(EngineBed bed)
    {
        foreach (string name in bed.Disk.List("").Where(name => name.StartsWith("log-", StringComparison.Ordinal)))
        {
            long? found = null;
            Open(bed, name, file =>
            {
                byte[] page = new byte[EngineBed.Block];
                for (long at = 0; at + EngineBed.Block <= file.LengthBytes && found is null; at += EngineBed.Block)
                    if (file.TryRead(at, page) && page.AsSpan(1000).SequenceEqual(DamageBed.InLog.AsSpan(1000)))
                        found = at;
            });
            if (found is { } offset)
            {
                bed.Disk.Corrupt(name, offset + 100, 1);
                return;
            }
        }
        Assert.Fail("the record is not in the log");
    }

    /// <summary>The journal file that has the first frame behind the checkpoint, which is the first of its file.</summary>
    private static string FirstFrame(EngineBed bed, out long offset)
    {
        ulong first = Read(bed, "SELECT journal_sequence FROM checkpoint", row => (ulong)row.GetInt64(0));
        offset = 0;
        string name = $"journal/map-{first:x16}.journal";
        Assert.IsTrue(bed.Disk.Exists(name), name);
        return name;
    }

    /// <summary>Key of a segment that leaves name.</summary>
    private static string Named(EngineBed bed, int which = 0) => Read(
        bed,
        $"SELECT v.uuid, s.sequence FROM segments s JOIN volumes v ON v.volume = s.volume WHERE s.refs > 0 AND s.blocks > 1 ORDER BY s.id LIMIT 1 OFFSET {which}",
        row => SegmentKey.Format(new((byte[])row[0], bigEndian: true), (ulong)row.GetInt64(1)));

    /// <summary>A leaf names, with a right checksum, the neighbours of the blocks that are its own.</summary>
    private static void ShiftLeaf(EngineBed bed)
    {
        (long line, long leaf, long generation, byte[] content) = Read(bed, "SELECT volume, leaf, generation, content FROM leaves LIMIT 1", row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), (byte[])row[3]));
        LeafRun[] runs = new LeafRun[BlockMap.LeafBlocks];
        int count = LeafCodec.Decode(content, runs);
        LeafRun[] flat = new LeafRun[BlockMap.LeafBlocks];
        LeafEditor.Expand(runs.AsSpan(0, count), flat);
        int at = Array.FindIndex(flat, 0, run => run.Segment != 0), next = Array.FindIndex(flat, at + 1, run => run.Segment == flat[at].Segment);
        (flat[at], flat[next]) = (flat[next], flat[at]);
        count = LeafEditor.Compress(flat, runs);
        byte[] changed = new byte[LeafCodec.MaxBytes];
        changed = changed[..LeafCodec.Encode(runs.AsSpan(0, count), changed)];
        Sql(bed, "map.db", command =>
        {
            command.CommandText = $"UPDATE leaves SET content = $c WHERE volume = {line} AND leaf = {leaf} AND generation = {generation}";
            command.Parameters.AddWithValue("$c", changed);
        });
    }

    private static void ChangePresence(EngineBed bed, Edit edit)
    {
        (byte[] content, byte[] rows) = Read(bed, "SELECT content, owned FROM presence WHERE volume = 1 AND leaf_group = 0 ORDER BY generation DESC", row => ((byte[])row[0], (byte[])row[1]));
        Assert.IsTrue(PresenceCodec.TryDecode(content, out LeafSet present) & PresenceCodec.TryDecode(rows, out LeafSet owned));
        edit(ref present, ref owned);
        Sql(bed, "map.db", command =>
        {
            command.CommandText = "UPDATE presence SET content = $c, owned = $o WHERE volume = 1 AND leaf_group = 0 AND generation = (SELECT max(generation) FROM presence WHERE volume = 1 AND leaf_group = 0)";
            command.Parameters.AddWithValue("$c", PresenceCodec.Encode(present));
            command.Parameters.AddWithValue("$o", PresenceCodec.Encode(owned));
        });
    }
}
