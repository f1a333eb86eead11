using Lunaria.Appliance.Targets;
using Lunaria.Volumes;

namespace Lunaria.Appliance.Tests.Targets;

[TestClass]
public sealed class VolumeBlockDeviceTests
{
    [TestMethod]
    public void Every_outcome_of_the_engine_has_the_word_of_the_same_meaning()
    {
        foreach (var status in Enum.GetValues<VolumeStatus>())
            Assert.AreEqual(status.ToString(), VolumeBlockDevice.Map(status).ToString());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => VolumeBlockDevice.Map((VolumeStatus)99));
    }
}
