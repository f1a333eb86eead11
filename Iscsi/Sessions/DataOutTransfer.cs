using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Sessions;

/// <summary>What became of a Data-Out PDU where lost ones are asked for again.</summary>
internal enum DataOutOutcome
{
    Accepted,
    /// <summary>Of a burst that is over or broken, or here already.</summary>
    Ignored,
    /// <summary>The last of a burst of which something is missing: ask again.</summary>
    Incomplete,
    /// <summary>Of a length that no loss explains (<see cref="DataOutFault.Amount"/>).</summary>
    Wrong,
}

/// <summary>What is wrong with a Data-Out PDU (RFC 7143 11.4.7.2).</summary>
internal enum DataOutFault
{
    None,
    /// <summary>Not the next one: transfer tag, DataSN, offset, or no F bit where it is due.</summary>
    Sequence,
    /// <summary>More than was agreed on or asked for, or the end of less.</summary>
    Amount,
    /// <summary>Unsolicited where no such data may come.</summary>
    Unsolicited,
}

/// <summary>
/// How the payload of one command arrives (RFC 7143 4.2.5.2, 11.7, 11.8): the unsolicited part, then bursts that R2Ts ask for, in
/// order. Counts only; the bytes go straight to the command's buffer. The connection's thread only.
/// </summary>
internal sealed class DataOutTransfer
{
    private readonly Queue<Burst> bursts = new();
    private Burst current;
    private bool hasCurrent, isBroken;
    private int againEnd;

    /// <summary>Bytes that are wanted: what the command needs and the initiator has.</summary>
    public int TotalBytes { get; private set; }

    /// <summary>Bytes that are here; they arrive in order (DataPDUInOrder, DataSequenceInOrder = Yes).</summary>
    public int ReceivedBytes { get; private set; }

    /// <summary>End of what has been asked for by R2T.</summary>
    public int SolicitedEnd { get; private set; }

    /// <summary>R2TSN of the next R2T.</summary>
    public uint NextR2TSN { get; private set; }

    public int OutstandingR2Ts => bursts.Count + (hasCurrent && current.Tag != BasicHeader.ReservedTag ? 1 : 0);

    public bool IsComplete => ReceivedBytes == TotalBytes;

    /// <summary>True while unsolicited Data-Out PDUs may come.</summary>
    public bool IsUnsolicitedOpen => hasCurrent && current.Tag == BasicHeader.ReservedTag;

    /// <summary>True while the last PDU of unsolicited data, or of a burst that was asked for, has not come.</summary>
    public bool ExpectsData => hasCurrent || bursts.Count > 0;

    /// <summary>
    /// Begins: <paramref name="immediateBytes"/> came with the command, and unless <paramref name="final"/> more unsolicited data
    /// follow, up to <paramref name="firstBurstLength"/> in all.
    /// </summary>
    public void Begin(int totalBytes, int immediateBytes, bool final, int firstBurstLength)
    {
        Reset();
        TotalBytes = totalBytes;
        ReceivedBytes = Math.Min(immediateBytes, totalBytes);
        SolicitedEnd = ReceivedBytes;
        if (final) return;
        current = new(BasicHeader.ReservedTag, immediateBytes, firstBurstLength);
        hasCurrent = true;
    }

    /// <summary>The next burst to ask for; false when everything has been asked for or the unsolicited part is still open.</summary>
    public bool TryNextR2T(uint tag, int maxBurstLength, out int offset, out int length, out uint r2tsn)
    {
        offset = SolicitedEnd;
        length = Math.Min(maxBurstLength, TotalBytes - SolicitedEnd);
        if (againEnd > offset) length = Math.Min(length, againEnd - offset);
        r2tsn = NextR2TSN;
        if (length == 0 || IsUnsolicitedOpen) return false;
        NextR2TSN++;
        SolicitedEnd += length;
        bursts.Enqueue(new(tag, offset, offset + length, r2tsn));
        return true;
    }

    /// <summary>
    /// Checks a Data-Out header against what is expected next and, unless something is wrong, counts its data as received. Data beyond what the command wants is
    /// counted, but <paramref name="usefulBytes"/> leaves it out.
    /// </summary>
    public DataOutFault Accept(DataOutHeader header, out int usefulBytes)
    {
        usefulBytes = 0;
        bool isUnsolicited = header.Basic.TargetTransferTag == BasicHeader.ReservedTag;
        if (!hasCurrent && !bursts.TryDequeue(out current)) return isUnsolicited ? DataOutFault.Unsolicited : DataOutFault.Sequence;
        hasCurrent = true;
        if (header.Basic.TargetTransferTag != current.Tag) return isUnsolicited ? DataOutFault.Unsolicited : DataOutFault.Sequence;
        if (header.DataSN != current.NextDataSN || header.BufferOffset != (uint)current.Next) return DataOutFault.Sequence;
        int length = header.Basic.DataSegmentLengthBytes, end = current.Next + length;
        // A burst that was asked for ends exactly where it was asked to; unsolicited data ends with all of the command's, or the first burst.
        int due = isUnsolicited ? Math.Min(TotalBytes, current.End) : current.End;
        if (end > current.End || (header.Basic.Final && end < due)) return DataOutFault.Amount;
        if (!header.Basic.Final && !isUnsolicited && end == current.End) return DataOutFault.Sequence;
        usefulBytes = Math.Clamp(TotalBytes - current.Next, 0, length);
        current.Next = end;
        current.NextDataSN++;
        ReceivedBytes += usefulBytes;
        if (!header.Basic.Final) return DataOutFault.None;
        hasCurrent = false;
        SolicitedEnd = Math.Max(SolicitedEnd, ReceivedBytes);
        return DataOutFault.None;
    }

    /// <summary>
    /// The same where a PDU may have been lost (ErrorRecoveryLevel 1): then the rest of its burst is ignored. Needs that no two R2Ts are
    /// outstanding.
    /// </summary>
    public DataOutOutcome AcceptOrMiss(DataOutHeader header, out int usefulBytes)
    {
        usefulBytes = 0;
        if (!TryPeek(out Burst burst) || header.Basic.TargetTransferTag != burst.Tag) return DataOutOutcome.Ignored;
        if (!isBroken && SerialNumber.IsBefore(header.DataSN, burst.NextDataSN)) return DataOutOutcome.Ignored;
        DataOutFault fault = isBroken ? DataOutFault.Sequence : Accept(header, out usefulBytes);
        if (fault == DataOutFault.None) return DataOutOutcome.Accepted;
        if (fault == DataOutFault.Amount) return DataOutOutcome.Wrong;
        isBroken = true;
        return header.Basic.Final ? DataOutOutcome.Incomplete : DataOutOutcome.Ignored;
    }

    /// <summary>A PDU came whose data cannot be used. True = its burst ends with it: ask again.</summary>
    public bool Miss(DataOutHeader header)
    {
        if (!TryPeek(out Burst burst) || header.Basic.TargetTransferTag != burst.Tag || SerialNumber.IsBefore(header.DataSN, burst.NextDataSN)) return false;
        isBroken = true;
        return header.Basic.Final;
    }

    /// <summary>The initiator has sent the last PDU of a burst whose data nobody wants any more; it may be shorter than was asked for.</summary>
    public void Conclude(uint tag)
    {
        if (hasCurrent && current.Tag == tag) hasCurrent = false;
        for (int left = bursts.Count; left > 0; left--)
        {
            Burst one = bursts.Dequeue();
            if (one.Tag != tag) bursts.Enqueue(one);
        }
    }

    /// <summary>Nothing more of what was asked for is expected: the next R2T asks for the rest of it.</summary>
    public void Rewind()
    {
        againEnd = TryPeek(out Burst burst) && burst.Tag != BasicHeader.ReservedTag ? burst.End : 0;
        bursts.Clear();
        hasCurrent = isBroken = false;
        SolicitedEnd = ReceivedBytes;
    }

    /// <summary>The R2T that is outstanding.</summary>
    public bool TryGetOutstanding(out uint tag, out int offset, out int length, out uint r2tsn)
    {
        bool found = TryPeek(out Burst burst) && burst.Tag != BasicHeader.ReservedTag;
        (tag, offset, length, r2tsn) = (burst.Tag, burst.Start, burst.End - burst.Start, burst.R2TSN);
        return found;
    }

    public void Reset()
    {
        bursts.Clear();
        hasCurrent = isBroken = false;
        againEnd = 0;
        TotalBytes = ReceivedBytes = SolicitedEnd = 0;
        NextR2TSN = 0;
    }

    private bool TryPeek(out Burst burst)
    {
        burst = current;
        return hasCurrent || bursts.TryPeek(out burst);
    }

    private struct Burst(uint tag, int offset, int end, uint r2tsn = 0)
    {
        public readonly uint Tag = tag, R2TSN = r2tsn;
        public readonly int Start = offset, End = end;
        public int Next = offset;
        public uint NextDataSN;
    }
}
