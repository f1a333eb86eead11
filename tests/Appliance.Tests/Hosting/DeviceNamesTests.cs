using Lunaria.Appliance.Hosting;

namespace Lunaria.Appliance.Tests.Hosting;

/// <summary>The name by which a device is found again after the machine was started anew.</summary>
[TestClass]
public sealed class DeviceNamesTests
{
    [TestMethod]
    public void The_link_that_says_most_is_found_for_whatever_leads_to_the_device()
    {
        using var directory = new TemporaryDirectory();
        string byId = directory["by-id"], disk = directory["sdb"], other = directory["sdc"], byPath = directory["pci-0000"];
        Assert.IsNull(DeviceNames.FindStable(disk, byId), "no udev");
        Directory.CreateDirectory(byId);
        foreach (var device in new[] { disk, other })
            File.WriteAllText(device, "");
        Assert.IsNull(DeviceNames.FindStable(disk, byId), "no links");
        foreach (var (link, target) in new[] { ("wwn-0x5000", disk), ("ata-MODEL_SERIAL1", disk), ("ata-MODEL_WITH_LONG_NAME_SERIAL2", other), ("ata-GONE", directory["sdd"]) })
            File.CreateSymbolicLink(Path.Combine(byId, link), target);
        File.CreateSymbolicLink(byPath, disk);
        Assert.AreEqual(Path.Combine(byId, "ata-MODEL_SERIAL1"), DeviceNames.FindStable(disk, byId));
        Assert.AreEqual(Path.Combine(byId, "ata-MODEL_SERIAL1"), DeviceNames.FindStable(byPath, byId));
        Assert.IsNull(DeviceNames.FindStable(Path.Combine(byId, "wwn-0x5000"), byId), "it is named so that it is found again");
    }
}
