using System.Diagnostics.CodeAnalysis;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// PDUs that came before their turn: commands inside the window whose predecessors are missing, and the unsolicited data that belongs to them. The data of some stays where it was received,
/// the rest is copied. Bounded; the connection's thread only.
/// </summary>
internal sealed class DeferredPdus(int maxBytes, BufferPool pool)
{
    /// <summary>Half of the receive buffers that may be in use: the connection goes on to receive.</summary>
    private const int MostInPlace = ConnectionMemory.MaxDetached / 2;

    private readonly List<DeferredPdu> all = [];
    private int bytes, inPlace;

    public bool IsEmpty => all.Count == 0;

    /// <summary>Keeps one. Throws <see cref="IscsiProtocolException"/> when there are too many.</summary>
    public void Add(PduFrame frame, uint cmdSN)
    {
        bytes += frame.HeaderBytes.Length + frame.Data.Length;
        if (bytes > maxBytes) throw new IscsiProtocolException("too much arrived out of CmdSN order");
        ReceiveBuffer? source = frame.Data.Length > 0 && inPlace < MostInPlace && pool.HasPlenty ? frame.Source : null;
        if (source is not null)
        {
            source.References++;
            inPlace++;
        }
        all.Add(new(
            cmdSN, frame.Basic.InitiatorTaskTag, frame.Basic.Opcode == Opcode.DataOut, frame.HeaderBytes.ToArray(), source is null ? frame.Data.ToArray() : frame.Data, source));
    }

    /// <summary>The connection is over: gives back what they lie in.</summary>
    public void Clear()
    {
        foreach (DeferredPdu one in all) Release(one);
        all.Clear();
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

    /// <summary>The data that came for a command.</summary>
    public IReadOnlyList<DeferredPdu> DataOf(DeferredPdu command) => all.FindAll(pdu => pdu.IsData && pdu.InitiatorTaskTag == command.InitiatorTaskTag);

    /// <summary>A command has been handled, or never will be: it goes, and the data that came for it.</summary>
    public void Remove(DeferredPdu command)
    {
        foreach (DeferredPdu one in (ReadOnlySpan<DeferredPdu>)[command, .. DataOf(command)])
        {
            all.Remove(one);
            bytes -= one.Header.Length + one.Data.Length;
            Release(one);
        }
    }

    private void Release(DeferredPdu one)
    {
        if (one.Source is null) return;
        one.Source.Release(pool);
        inPlace--;
    }
}

/// <summary>One kept PDU. <paramref name="Source"/>: what its data lies in, null for a copy.</summary>
internal sealed record DeferredPdu(uint CmdSN, uint InitiatorTaskTag, bool IsData, byte[] Header, Memory<byte> Data, ReceiveBuffer? Source)
{
    public PduFrame Frame => new() { HeaderBytes = Header, Data = Data, Source = Source };
}
