using Lunaria.Appliance.Hosting;

namespace Lunaria.Appliance.Tests.Hosting;

[TestClass]
public sealed class IdleMemoryTests
{
    private long _allocated;
    private int _givenBack;

    [TestMethod]
    public void What_a_burst_has_left_is_given_back_once_in_the_pause_after_it()
    {
        var memory = new IdleMemory(() => _allocated, () => _givenBack++);
        Look(memory, 3 * IdleMemory.QuietLooks, eachBytes: 1);
        Assert.AreEqual(0, _givenBack, "nothing was allocated that is worth it");

        _allocated += IdleMemory.WorthBytes;
        Look(memory, 2 * IdleMemory.QuietLooks, areHostsQuiet: false);
        Assert.AreEqual(0, _givenBack, "hosts read and write");

        Look(memory, 2 * IdleMemory.QuietLooks, eachBytes: IdleMemory.IdleBytes + 1);
        Assert.AreEqual(0, _givenBack, "the appliance itself works");

        Look(memory, IdleMemory.QuietLooks - 1);
        Assert.AreEqual(0, _givenBack);
        Look(memory, 1);
        Assert.AreEqual(1, _givenBack);
        Look(memory, 100);
        Assert.AreEqual(1, _givenBack, "once, until there is more");

        _allocated += IdleMemory.WorthBytes;
        Look(memory, IdleMemory.QuietLooks + 1);
        Assert.AreEqual(2, _givenBack);
    }

    private void Look(IdleMemory memory, int count, bool areHostsQuiet = true, long eachBytes = 0)
    {
        for (var i = 0; i < count; i++)
        {
            _allocated += eachBytes;
            memory.Look(areHostsQuiet);
        }
    }
}
