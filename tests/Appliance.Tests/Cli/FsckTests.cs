using System.Runtime.InteropServices;
using Lunaria.Appliance.Tests.Hosting;
using Lunaria.Testing;
using Microsoft.Data.Sqlite;

namespace Lunaria.Appliance.Tests.Cli;

/// <summary><c>lunaria fsck</c> on what a program has left.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux, IgnoreMessage = "Signals are sent with kill(2).")]
public sealed class FsckTests
{
    [TestMethod]
    public async Task It_ends_as_fsck_does()
    {
        using var workplace = new Workplace();
        Assert.AreEqual(8, (await workplace.RunAsync("fsck")).Code, "there is nothing yet");
        using (var lunaria = workplace.Start())
        {
            var ready = await lunaria.WaitReadyAsync();
            using (ScriptedInitiator host = Workplace.LogIn(ready.Portals[0], 0))
                Assert.AreEqual(0, host.Write(8, Enumerable.Range(0, 4096).Select(i => (byte)i).ToArray()).Status);
            var busy = await workplace.RunAsync("fsck");
            Assert.AreEqual(8, busy.Code, busy.Output);
            lunaria.Signal(PosixSignal.SIGTERM);
            await lunaria.WaitAsync();
        }

        var sound = await workplace.RunAsync("fsck");
        Assert.AreEqual(0, sound.Code, sound.Output + sound.Error);
        using (var metadata = new SqliteConnection($"Data Source={Path.Combine(workplace.Data, "lunaria.db")};Pooling=False"))
        {
            metadata.Open();
            using var command = metadata.CreateCommand();
            command.CommandText = "UPDATE identity SET next_volume = 1";
            Assert.AreEqual(1, command.ExecuteNonQuery());
        }

        var damaged = await workplace.RunAsync("fsck", "--headers-only");
        Assert.AreEqual(4, damaged.Code, damaged.Output);
        StringAssert.Contains(damaged.Output, "metadata.next-number: lunaria.db: the next line would be number 1");
        Assert.AreEqual(1, (await workplace.RunAsync("fsck", "--repair")).Code);
        Assert.AreEqual(0, (await workplace.RunAsync("fsck")).Code);
    }
}
