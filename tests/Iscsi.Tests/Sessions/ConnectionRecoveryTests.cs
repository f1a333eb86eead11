using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>Connections of a session that are cut at random with commands under way (ErrorRecoveryLevel 2): each command is done, once, and no byte is wrong.</summary>
[TestClass]
public class ConnectionRecoveryTests
{
    private const int Blocks = 16, Connections = 3;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Connections_that_are_cut_under_load_lose_no_command()
    {
        int seed = Seed.One();
        TestContext.WriteLine($"LUNARIA_SEED={seed}");
        Random random = new(seed);
        await using TestServer server = await TestServer.StartAsync();
        ScriptedInitiator[] all = new ScriptedInitiator[Connections];
        all[0] = server.LogIn(null, ("ErrorRecoveryLevel", "2"), ("MaxConnections", "4"));
        for (ushort cid = 2; cid <= Connections; cid++) all[cid - 1] = server.Join(all[0], cid);
        byte[] model = new byte[128 * Blocks * 512];
        int reassigned = 0, repeated = 0;
        for (int round = 0; round < 25; round++)
        {
            server.Medium.ShortCuts = random.Next(2) == 0;
            List<Sent> commands = Send(all, random, model);
            int cut = random.Next(Connections);
            if (random.Next(3) == 0) all[cut].Socket.LingerState = new(true, 0);
            all[cut].Dispose();
            all[cut] = server.Join(Standing(all, cut), (ushort)(cut + 1));
            Driver driver = new(all[cut], commands.Where(command => command.Connection == cut));
            foreach (Sent command in commands.Where(command => command.Connection == cut))
            {
                if (driver.Reassign(command) == TaskManagementResponse.FunctionComplete)
                {
                    reassigned++;
                    continue;
                }
                // It has not arrived: its place in the order is still free.
                repeated++;
                new BasicHeader(command.Header).ExpStatSN = all[cut].ExpStatSN;
                all[cut].Send(command.Header, command.Data.AsSpan(0, command.Immediate));
            }
            driver.Finish();
            for (int i = 0; i < Connections; i++)
                if (i != cut)
                    new Driver(all[i], commands.Where(command => command.Connection == i)).Finish();
        }
        Assert.IsTrue(server.Medium.Bytes[..model.Length].SequenceEqual(model), $"seed {seed}");
        Assert.IsGreaterThan(10, reassigned);
        TestContext.WriteLine($"{reassigned} tasks reassigned, {repeated} commands repeated");
        foreach (ScriptedInitiator one in all) one.Dispose();
    }

    private static ScriptedInitiator Standing(ScriptedInitiator[] all, int cut) => all[(cut + 1) % Connections];

    /// <summary>Commands on random connections, each on blocks of its own, without waiting for an answer.</summary>
    private static List<Sent> Send(ScriptedInitiator[] all, Random random, byte[] model)
    {
        List<Sent> sent = [];
        foreach (int slot in Enumerable.Range(0, 128).OrderBy(_ => random.Next()).Take(12))
        {
            int connection = random.Next(Connections), offset = slot * Blocks * 512;
            bool write = random.Next(2) == 0;
            byte[] data = model.AsSpan(offset, Blocks * 512).ToArray();
            if (write)
            {
                random.NextBytes(data);
                data.CopyTo(model, offset);
            }
            int immediate = write ? random.Next(3) * 2048 : 0;
            byte[] header = all[connection].CommandHeader(
                ScriptedInitiatorCommands.Cdb16(write ? (byte)0x8A : (byte)0x88, slot * Blocks, Blocks), data.Length, read: !write, write: write);
            all[connection].Send(header, data.AsSpan(0, immediate));
            sent.Add(new(connection, header, data, write, immediate));
        }
        return sent;
    }

    private sealed record Sent(int Connection, byte[] Header, byte[] Data, bool Write, int Immediate);

    /// <summary>Answers R2Ts and collects data and statuses of several commands of one connection, in whatever order they come.</summary>
    private sealed class Driver(ScriptedInitiator initiator, IEnumerable<Sent> commands)
    {
        private readonly Dictionary<uint, Sent> open = commands.ToDictionary(command => new BasicHeader(command.Header).InitiatorTaskTag);
        private readonly Dictionary<uint, byte[]> received = [];

        public TaskManagementResponse Reassign(Sent command)
        {
            byte[] bytes = initiator.NewHeader(Opcode.TaskManagementRequest, immediate: true);
            TaskManagementRequestHeader header = new(bytes)
            {
                Function = TaskManagementFunction.TaskReassign,
                ReferencedTaskTag = new BasicHeader(command.Header).InitiatorTaskTag,
            };
            initiator.Send(header.Basic.Bytes.ToArray());
            ReceivedPdu pdu;
            do pdu = Pump();
            while (pdu.Opcode != Opcode.TaskManagementResponse);
            return (TaskManagementResponse)new CodeResponseHeader(pdu.Header).Code;
        }

        public void Finish()
        {
            while (open.Count > 0) Pump();
        }

        private ReceivedPdu Pump()
        {
            ReceivedPdu pdu = initiator.TryReceive() ?? throw new InvalidOperationException("The target closed the connection.");
            if (!open.TryGetValue(pdu.Basic.InitiatorTaskTag, out Sent? command)) return pdu;
            uint tag = pdu.Basic.InitiatorTaskTag;
            switch (pdu.Opcode)
            {
                case Opcode.ReadyToTransfer:
                    ReadyToTransferHeader r2t = new(pdu.Header);
                    initiator.SendDataOut(tag, r2t.Basic.TargetTransferTag, command.Data, (int)r2t.BufferOffset, (int)r2t.DesiredLength, 3000);
                    break;
                case Opcode.DataIn:
                    if (!received.TryGetValue(tag, out byte[]? data)) received[tag] = data = new byte[command.Data.Length];
                    pdu.Data.CopyTo(data, (int)new DataInHeader(pdu.Header).BufferOffset);
                    break;
                case Opcode.ScsiResponse:
                    Assert.AreEqual(0, new ScsiResponseHeader(pdu.Header).Status);
                    if (!command.Write) Assert.IsTrue(received[tag].AsSpan().SequenceEqual(command.Data));
                    open.Remove(tag);
                    break;
            }
            return pdu;
        }
    }
}
