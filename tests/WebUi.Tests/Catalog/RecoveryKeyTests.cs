using Lunaria.WebUi.Catalog;
using Microsoft.Data.Sqlite;

namespace Lunaria.WebUi.Tests.Catalog;

/// <summary>What an administrator keeps elsewhere opens secrets on another machine, and nothing else does.</summary>
[TestClass]
public sealed class RecoveryKeyTests
{
    private const string Iqn = "iqn.2026-11.test:t";

    [TestMethod]
    public void A_key_that_was_kept_opens_what_the_machine_sealed()
    {
        using var first = new TemporaryDirectory();
        using var second = new TemporaryDirectory();
        Assert.IsNull(RecoveryKey.Export(first.FullPath));
        var sealedText = SecretBox.Open(first.FullPath).Seal("correct horse", "owner");
        var kept = RecoveryKey.Export(first.FullPath)!;
        RecoveryKey.Install(second.FullPath, RecoveryKey.Parse($"  {kept}\n"));
        Assert.AreEqual("correct horse", SecretBox.Open(second.FullPath).Open(sealedText, "owner"));
        for (var at = 0; at < kept.Length; at++)
        {
            var wrong = kept.Remove(at, 1).Insert(at, kept[at] == '0' ? "1" : "0");
            if (kept[at] != '-')
                Assert.ThrowsExactly<InvalidDataException>(() => RecoveryKey.Parse(wrong), $"character {at}");
        }

        Assert.ThrowsExactly<InvalidDataException>(() => RecoveryKey.Parse(kept[..^9]));
        Assert.ThrowsExactly<InvalidDataException>(() => RecoveryKey.Parse(""));
    }

    [TestMethod]
    public void An_import_takes_the_right_key_or_refuses_whom_it_cannot_prove()
    {
        using var first = new TemporaryDirectory();
        var key = MakeDatabase(first);
        using var second = new TemporaryDirectory();
        var path = second["lunaria.db.new"];
        File.Copy(first["lunaria.db"], path);
        Assert.ThrowsExactly<InvalidDataException>(() => new SealedAccess(second.FullPath, null, withoutSecrets: false).Prepare(path), "secrets are not given up in silence");
        Assert.ThrowsExactly<InvalidDataException>(() => new SealedAccess(second.FullPath, new byte[32], withoutSecrets: false).Prepare(path), "another appliance's key");
        Assert.IsFalse(File.Exists(second["secrets.key"]));
        new SealedAccess(second.FullPath, key, withoutSecrets: false).Prepare(path);
        File.Move(path, second["lunaria.db"]);
        Assert.AreEqual("correct horse", ReadOnlyTarget(second).Access.Single(access => access.Initiator != "*").Chap!.Secret);

        using var third = new TemporaryDirectory();
        path = third["lunaria.db.new"];
        File.Copy(first["lunaria.db"], path);
        var without = new SealedAccess(third.FullPath, null, withoutSecrets: true);
        without.Prepare(path);
        CollectionAssert.AreEqual(new[] { $"iqn.host at {Iqn}" }, without.Removed.ToArray());
        File.Move(path, third["lunaria.db"]);
        Assert.AreEqual("*", ReadOnlyTarget(third).Access.Single().Initiator);
    }

    private static byte[] MakeDatabase(TemporaryDirectory directory)
    {
        using (var database = CatalogDatabase.Open(directory.FullPath))
        {
            var store = new TargetStore(database, SecretBox.Open(directory.FullPath), TimeProvider.System);
            store.Add(new TargetRecord(Iqn, [], [new AccessRecord("*", null), new AccessRecord("iqn.host", new ChapRecord("admin", "correct horse", null, null))]));
        }

        SqliteConnection.ClearAllPools();
        return RecoveryKey.Parse(RecoveryKey.Export(directory.FullPath)!);
    }

    private static TargetRecord ReadOnlyTarget(TemporaryDirectory directory)
    {
        using var database = CatalogDatabase.Open(directory.FullPath);
        return new TargetStore(database, SecretBox.Open(directory.FullPath), TimeProvider.System).Read().Single();
    }
}
