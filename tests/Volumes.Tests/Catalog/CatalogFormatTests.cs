using System.Security.Cryptography;
using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Metadata;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Tests.Catalog;

/// <summary>The bytes of the catalog are those of docs/FORMATS.md, and stay so.</summary>
[TestClass]
public sealed class CatalogFormatTests
{
    private static readonly Guid Pool = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff");

    private static CatalogManifest Manifest => new()
    {
        Save = 7, NextNumber = 0x21, Time = DateTimeOffset.FromUnixTimeMilliseconds(1_795_862_400_000), MapId = Guid.Parse("01020304-0506-0708-090a-0b0c0d0e0f10"), Stamp = 12, MapVersion = 6, MetadataVersion = 3,
        JournalSequence = 40, JournalEnd = 44, Published = new LogPosition(0x7000, 0xAABBCCDD), MetadataHash = SHA256.HashData("rows"u8),
        Base = [new(3, 1000)], Increments = [new(0x1E, 200), new(0x1F, 100)], Metadata = [new(4, 500)], Frames = [new(0x20, 8256, 40)],
    };

    [TestMethod]
    public void A_manifest_is_these_bytes()
    {
        byte[] written = CatalogObject.Write(CatalogKind.Manifest, Pool, 0, ManifestCodec.Write(Manifest));
        Assert.AreEqual(
            "4c554e4143544c470100000001000000180100000000000000112233445566778899aabbccddeeff", Convert.ToHexStringLower(written[..40]));
        Assert.AreEqual(Fixture, Convert.ToHexStringLower(SHA256.HashData(written)));
        ReadOnlyMemory<byte> payload = CatalogObject.Read(CatalogObject.ManifestKey, written, CatalogKind.Manifest, Pool, 0, out _);
        CatalogManifest read = ManifestCodec.Read(payload.Span);
        CollectionAssert.AreEqual(Manifest.All.ToArray(), read.All.ToArray());
        Assert.AreEqual((Manifest.Save, Manifest.Time, Manifest.MapId, Manifest.Stamp, Manifest.JournalEnd, Manifest.Published), (read.Save, read.Time, read.MapId, read.Stamp, read.JournalEnd, read.Published));
        CollectionAssert.AreEqual(Manifest.MetadataHash, read.MetadataHash);
        Assert.IsTrue(read.IsPoint);
        Assert.IsFalse(ManifestCodec.Read(ManifestCodec.Write(Manifest with { IsPoint = false })).IsPoint);
    }

    [TestMethod]
    public void Rows_are_these_bytes_and_come_back()
    {
        using TemporaryDirectory directory = new();
        using SqliteConnection from = Open(directory["from.db"]), to = Open(directory["to.db"]);
        SqliteFile.Execute(from, "CREATE TABLE t (k INTEGER PRIMARY KEY, r REAL, s TEXT, b BLOB); INSERT INTO t VALUES (-1, 0.5, 'é', x'00ff'), (2, NULL, '', x'')");
        RowWriter writer = new(1 << 20);
        const string Sql = "CREATE TABLE t (k INTEGER PRIMARY KEY, r REAL, s TEXT, b BLOB)";
        writer.Statement(Sql);
        writer.Begin(new("t", ["k", "r", "s", "b"], 1));
        using (SqliteCommand command = from.CreateCommand())
        {
            command.CommandText = "SELECT k, r, s, b FROM t ORDER BY k";
            using SqliteDataReader row = command.ExecuteReader();
            while (row.Read())
                writer.Put(row);
        }
        byte[] piece = writer.TakePiece();
        Assert.AreEqual(
            "01" + "010000000000000074" + "0100000000000000" + "0400000000000000" + "01000000000000006b" + "010000000000000072" + "010000000000000073" + "010000000000000062"
            + "02" + "01ffffffffffffffff" + "02000000000000e03f" + "030200000000000000c3a9" + "04020000000000000000ff"
            + "02" + "010200000000000000" + "00" + "030000000000000000" + "040000000000000000",
            Convert.ToHexStringLower(piece.AsSpan(1 + 8 + Sql.Length)));
        using RowReader reader = new(to);
        reader.Apply(piece);
        Assert.AreEqual("-1|0.5|é|00FF;2|||", Text(to));
        writer.Begin(new("t", ["k", "r", "s", "b"], 1));
        using (SqliteCommand command = from.CreateCommand())
        {
            command.CommandText = "SELECT 2";
            using SqliteDataReader row = command.ExecuteReader();
            row.Read();
            writer.Delete(row);
        }
        reader.Apply(writer.TakePiece());
        Assert.AreEqual("-1|0.5|é|00FF", Text(to));
    }

    [TestMethod]
    public void What_is_damaged_foreign_or_newer_is_refused()
    {
        byte[] written = CatalogObject.Write(CatalogKind.Map, Pool, 5, [1, 2, 3]);
        Assert.HasCount(3, CatalogObject.Read("k", written, CatalogKind.Map, Pool, 5, out _).ToArray());
        for (int at = 0; at < written.Length; at++)
        {
            byte[] damaged = [.. written];
            damaged[at] ^= 1;
            Assert.ThrowsExactly<InvalidDataException>(() => CatalogObject.Read("k", damaged, CatalogKind.Map, Pool, 5, out _), $"byte {at}");
        }
        Assert.ThrowsExactly<InvalidDataException>(() => CatalogObject.Read("k", written, CatalogKind.Map, Guid.NewGuid(), 5, out _));
        Assert.ThrowsExactly<InvalidDataException>(() => CatalogObject.Read("k", written, CatalogKind.Frames, Pool, 5, out _));
        Assert.ThrowsExactly<InvalidDataException>(() => CatalogObject.Read("k", written, CatalogKind.Map, Pool, 6, out _));
        Assert.ThrowsExactly<InvalidDataException>(() => CatalogObject.Read("k", written.AsMemory(0, 66), CatalogKind.Map, Pool, 5, out _));
    }

    /// <summary>Keys, and what is none.</summary>
    [TestMethod]
    public void A_key_is_a_number()
    {
        Assert.AreEqual("catalog/00000000000000ff", CatalogObject.Key(255));
        Assert.IsTrue(CatalogObject.TryParseKey("catalog/00000000000000ff", out ulong number));
        Assert.AreEqual(255UL, number);
        Assert.IsFalse(CatalogObject.TryParseKey(CatalogObject.ManifestKey, out _));
    }

    private const string Fixture = "111cdba3760670f46cb5b076f6fd7b6a998508f092101397445f5f57fb6dd39e";

    private static SqliteConnection Open(string path)
    {
        SqliteConnection connection = new($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }

    private static string Text(SqliteConnection connection) =>
        $"{SqliteFile.ReadScalar(connection, "SELECT group_concat(k || '|' || coalesce(r, '') || '|' || s || '|' || hex(b), ';') FROM (SELECT * FROM t ORDER BY k)")}";
}
