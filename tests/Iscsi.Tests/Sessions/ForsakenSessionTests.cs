using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>A host closes its connection without a logout, and is back at once as another initiator port.</summary>
[TestClass]
public class ForsakenSessionTests
{
    private const int ConnectionEnded = 5, LateMs = 300;

    [TestMethod]
    public async Task What_a_closed_session_held_is_free_for_its_host_however_late_its_thread_is()
    {
        TaskCompletionSource ending = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ManualResetEventSlim never = new();
        // Holds the thread of the first connection that ends up where it says so.
        LogProbe<IscsiServer> log = new((_, number, _) =>
        {
            if (number == ConnectionEnded && ending.TrySetResult()) never.Wait(LateMs);
        });
        await using TestServer server = await TestServer.StartAsync(logger: log);
        using (ScriptedInitiator old = server.LogIn(1)) Assert.AreEqual(0, Reserve(old));
        await ending.Task.WaitAsync(TimeSpan.FromSeconds(20));
        using ScriptedInitiator fresh = server.LogIn(2);
        Assert.AreEqual(0, Reserve(fresh), "the reservation ended with the session of the first port");
    }

    [TestMethod]
    public async Task A_host_that_comes_back_does_not_wait_for_commands_on_a_slow_medium()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Medium.Hold();
        using (ScriptedInitiator old = server.LogIn(1))
        {
            old.Send(old.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 8), 4096, read: true));
            await server.Medium.WhenHeldAsync();
        }
        using ScriptedInitiator fresh = server.LogIn(2);
        Assert.AreEqual(1, server.Medium.Waiting);
    }

    [TestMethod]
    public async Task A_session_at_work_is_not_taken_for_a_forsaken_one()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator busy = server.LogIn(1);
        bool done = false;
        Task work = Task.Run(() =>
        {
            while (!Volatile.Read(ref done)) Assert.AreEqual(0, busy.Read(0, 1).Status);
        });
        for (ulong isid = 2; isid < 1500 && !work.IsCompleted; isid++)
        {
            using ScriptedInitiator other = server.Connect(isid);
            other.Login(TestServer.TargetName);
        }
        Volatile.Write(ref done, true);
        await work;
    }

    private static byte Reserve(ScriptedInitiator initiator)
    {
        initiator.Send(initiator.CommandHeader([0x16, 0, 0, 0, 0, 0]));
        return initiator.ReceiveResult().Status;
    }
}
