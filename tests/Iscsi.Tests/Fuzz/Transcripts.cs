using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Fuzz;

/// <summary>Valid exchanges as lists of PDUs, recorded from a scripted initiator, and what a bad network or host makes of them.</summary>
internal static class Transcripts
{
    /// <summary>Records what an initiator sends in an ordinary session: login, reads, writes of all styles, task management, text, logout.</summary>
    public static List<byte[]> Record(TestServer server)
    {
        using ScriptedInitiator initiator = server.Connect(0x99);
        List<byte[]> sent = initiator.Sent = [];
        initiator.Login(TestServer.TargetName, ("InitialR2T", "No"), ("ErrorRecoveryLevel", "1"));
        initiator.ClearUnitAttention();
        initiator.Write(0, new byte[4096]);
        initiator.Write(8, new byte[65536], immediate: 8192, unsolicited: 16384);
        initiator.Write(8, new byte[65536], immediate: 0);
        initiator.Read(0, 64);
        initiator.Send(initiator.NewHeader(Opcode.NopOut), "ping"u8);
        initiator.Receive(Opcode.NopIn);
        initiator.Manage(TaskManagementFunction.AbortTask, 5);
        initiator.Manage(TaskManagementFunction.LogicalUnitReset);
        byte[] text = initiator.NewHeader(Opcode.TextRequest, immediate: true);
        new BasicHeader(text).TargetTransferTag = BasicHeader.ReservedTag;
        initiator.Send(text, ScriptedInitiatorLogin.Text(("SendTargets", "")));
        initiator.Receive(Opcode.TextResponse);
        initiator.Read(0, 1);
        initiator.Logout(LogoutReason.CloseSession, 1);
        initiator.Sent = null;
        return sent;
    }

    /// <summary>A copy in which PDUs are changed, cut short, doubled, swapped or missing.</summary>
    public static List<byte[]> Mutate(IReadOnlyList<byte[]> transcript, Random random)
    {
        List<byte[]> copy = [.. transcript.Select(pdu => (byte[])pdu.Clone())];
        int changes = random.Next(1, 8);
        for (int i = 0; i < changes && copy.Count > 1; i++)
        {
            // The login is left alone most of the time: else little gets beyond it.
            int at = random.Next(6) == 0 ? 0 : random.Next(1, copy.Count);
            switch (random.Next(10))
            {
                case 0:
                    copy[at] = copy[at][..random.Next(copy[at].Length)];
                    break;
                case 1:
                    copy.Insert(at, copy[at]);
                    break;
                case 2:
                    copy.RemoveAt(at);
                    break;
                case 3:
                    int other = random.Next(1, copy.Count);
                    (copy[at], copy[other]) = (copy[other], copy[at]);
                    break;
                default:
                    Change(copy[at], random);
                    break;
            }
        }
        return copy;
    }

    private static void Change(byte[] pdu, Random random)
    {
        if (pdu.Length == 0) return;
        int at = random.Next(random.Next(4) == 0 ? pdu.Length : Math.Min(48, pdu.Length));
        pdu[at] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => (byte)(pdu[at] ^ (1 << random.Next(8))), _ => random.Next(2) == 0 ? (byte)0xFF : (byte)0 };
    }
}
