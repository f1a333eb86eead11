using Lunaria.Testing;
using Microsoft.Extensions.Logging;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>A host closes its connection without a logout, and is back at once as another initiator port.</summary>
[TestClass]
public class ForsakenSessionTests
{
    private const int GiveUpMs = 300;

    [TestMethod]
    public async Task What_a_closed_session_held_is_free_for_its_host_however_late_its_thread_is()
    {
        using LateThread late = new();
        await using TestServer server = await TestServer.StartAsync(logger: late);
        using (ScriptedInitiator old = server.LogIn(1)) Assert.AreEqual(0, Reserve(old));
        await late.Ending;
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

    private static byte Reserve(ScriptedInitiator initiator)
    {
        initiator.Send(initiator.CommandHeader([0x16, 0, 0, 0, 0, 0]));
        return initiator.ReceiveResult().Status;
    }

    /// <summary>Holds the thread of a connection up where it says that the connection has ended.</summary>
    private sealed class LateThread : ILogger<IscsiServer>, IDisposable
    {
        private const int ConnectionEnded = 5;

        private readonly TaskCompletionSource ending = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim over = new();

        /// <summary>Completes when a thread is held up.</summary>
        public Task Ending => ending.Task.WaitAsync(TimeSpan.FromSeconds(20));

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == ConnectionEnded && ending.TrySetResult()) over.Wait(GiveUpMs);
        }

        public void Dispose() => over.Set();
    }
}
