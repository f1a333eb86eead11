using Lunaria.Appliance.Hosting;

namespace Lunaria.Appliance.Tests.Hosting;

/// <summary>Where components of the pool may be made.</summary>
[TestClass]
public sealed class PoolPlacesTests
{
    [TestMethod]
    [DataRow("/dev/sd-mistyped", "is no disk of this machine")]
    [DataRow("/dev/disk/by-id/ata-mistyped", "is no disk of this machine")]
    [OSCondition(OperatingSystems.Linux)]
    public void No_file_is_made_where_disks_are(string path, string message)
    {
        using var folder = new TemporaryDirectory();
        using var places = new PoolPlaces(folder.FullPath);
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => places.ForNew(path, 1 << 20)).Message, message);
        Assert.IsFalse(File.Exists(path));
    }

    [TestMethod]
    public void A_folder_that_is_missing_may_be_a_disk_that_is_not_mounted()
    {
        using var folder = new TemporaryDirectory();
        var data = folder["data"];
        using var places = new PoolPlaces(data);
        var elsewhere = folder["mnt"];
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => places.ForNew(Path.Combine(elsewhere, "1.lpool"), 1 << 20)).Message, $"There is no folder {elsewhere}");
        Assert.IsFalse(Directory.Exists(elsewhere));
        // Not below the data directory, though its name begins like that.
        Assert.ThrowsExactly<IOException>(() => places.ForNew(data + "2/1.lpool", 1 << 20));
        Directory.CreateDirectory(elsewhere);
        Assert.AreEqual("1.lpool", places.ForNew(Path.Combine(elsewhere, "1.lpool"), 1 << 20).Path);
        Assert.AreEqual("2.lpool", places.ForNew("pool/2.lpool", 1 << 20).Path);
    }
}
