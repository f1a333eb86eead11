using System.Diagnostics.CodeAnalysis;
using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// Copies of PDUs that came before their turn: commands inside the window whose predecessors are missing, and the unsolicited data that
/// belongs to them. Bounded; the connection's thread only.
/// </summary>
internal sealed class DeferredPdus(int maxBytes)
{
    private readonly List<DeferredPdu> all = [];
    private int bytes;

    public bool IsEmpty => all.Count == 0;

    /// <summary>Keeps a copy. Throws <see cref="IscsiProtocolException"/> when there are too many.</summary>
    public void Add(PduFrame frame, uint cmdSN)
    {
        byte[] header = frame.HeaderBytes.ToArray(), data = frame.Data.ToArray();
        bytes += header.Length + data.Length;
        if (bytes > maxBytes) throw new IscsiProtocolException("too much arrived out of CmdSN order");
        all.Add(new(cmdSN, frame.Basic.InitiatorTaskTag, frame.Basic.Opcode == Opcode.DataOut, header, data));
    }

    /// <summary>True when a command with this CmdSN is here already: the second one is ignored.</summary>
    public bool Contains(uint cmdSN) => all.Exists(pdu => !pdu.IsData && pdu.CmdSN == cmdSN);

    /// <summary>True when a command with this tag is here, so that its data must be kept, too.</summary>
    public bool IsDataOfDeferred(uint initiatorTaskTag) => all.Exists(pdu => pdu.InitiatorTaskTag == initiatorTaskTag);

    /// <summary>The command whose turn it is.</summary>
    public bool TryFind(uint expCmdSN, [NotNullWhen(true)] out DeferredPdu? pdu)
    {
        // One whose number was given up (ABORT TASK) will never have its turn.
        while (all.Find(one => !one.IsData && SerialNumber.IsBefore(one.CmdSN, expCmdSN)) is DeferredPdu passed) Remove(passed);
        return (pdu = all.Find(one => !one.IsData && one.CmdSN == expCmdSN)) is not null;
    }

    /// <summary>Takes out the commands that a function ends, and returns their CmdSNs.</summary>
    public List<uint> RemoveEnded(AbortOperation operation)
    {
        List<DeferredPdu> ended = all.FindAll(pdu => !pdu.IsData && operation.Matches(pdu.Frame.Basic));
        foreach (DeferredPdu one in ended) Remove(one);
        return ended.ConvertAll(one => one.CmdSN);
    }

    /// <summary>Takes out a command that has been handled and returns the data that came for it.</summary>
    public List<DeferredPdu> Remove(DeferredPdu command)
    {
        List<DeferredPdu> data = all.FindAll(pdu => pdu.IsData && pdu.InitiatorTaskTag == command.InitiatorTaskTag);
        all.Remove(command);
        bytes -= command.Header.Length + command.Data.Length;
        foreach (DeferredPdu one in data)
        {
            all.Remove(one);
            bytes -= one.Header.Length + one.Data.Length;
        }
        return data;
    }
}

/// <summary>One kept PDU.</summary>
internal sealed record DeferredPdu(uint CmdSN, uint InitiatorTaskTag, bool IsData, byte[] Header, byte[] Data)
{
    public PduFrame Frame => new() { HeaderBytes = Header, Data = Data, Source = null };
}
