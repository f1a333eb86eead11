using System.Runtime.Versioning;
using System.Security.Cryptography;
using Lunaria.WebUi.Catalog;

namespace Lunaria.WebUi.Tests.Catalog;

[TestClass]
public sealed class SecretBoxTests
{
    [TestMethod]
    public void The_key_file_opens_what_it_sealed_for_the_same_owner_only()
    {
        using var directory = new TemporaryDirectory();
        var sealedBox = SecretBox.Open(directory.FullPath).Seal("a secret of mine", "iqn.a/secret");
        var again = SecretBox.Open(directory.FullPath);
        Assert.AreEqual("a secret of mine", again.Open(sealedBox, "iqn.a/secret"));
        Assert.Throws<CryptographicException>(() => again.Open(sealedBox, "iqn.b/secret"));
        for (var i = 0; i < sealedBox.Length; i++)
        {
            sealedBox[i] ^= 1;
            Assert.Throws<CryptographicException>(() => again.Open(sealedBox, "iqn.a/secret"), $"byte {i}");
            sealedBox[i] ^= 1;
        }

        Assert.Throws<CryptographicException>(() => again.Open([1, 2, 3], "iqn.a/secret"));
    }

    [TestMethod]
    public void Two_seals_of_one_secret_differ()
    {
        using var directory = new TemporaryDirectory();
        var box = SecretBox.Open(directory.FullPath);
        CollectionAssert.AreNotEqual(box.Seal("same", "o"), box.Seal("same", "o"));
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows, IgnoreMessage = "Windows has no file modes.")]
    [UnsupportedOSPlatform("windows")]
    public void The_key_is_for_the_owner_only()
    {
        using var directory = new TemporaryDirectory();
        SecretBox.Open(directory.FullPath);
        Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(directory["secrets.key"]));
    }

    [TestMethod]
    public void A_damaged_key_file_is_told_with_its_name()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory["secrets.key"], "short");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => SecretBox.Open(directory.FullPath)).Message, directory["secrets.key"]);
    }
}
