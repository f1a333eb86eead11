using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// How the payload of one command arrives (RFC 7143 4.2.5.2, 11.7, 11.8): the unsolicited part, then bursts that R2Ts ask for, in
/// order. Counts only; the bytes go straight to the command's buffer. The connection's thread only.
/// </summary>
internal sealed class DataOutTransfer
{
    private readonly Queue<Burst> bursts = new();
    private Burst current;
    private bool hasCurrent;

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
        r2tsn = NextR2TSN;
        if (length == 0 || IsUnsolicitedOpen) return false;
        NextR2TSN++;
        SolicitedEnd += length;
        bursts.Enqueue(new(tag, offset, offset + length));
        return true;
    }

    /// <summary>
    /// Checks a Data-Out header against what is expected next and counts its data as received. False = wrong tag, DataSN, offset,
    /// length or F bit. Data beyond what the command wants is counted, but <paramref name="usefulBytes"/> leaves it out.
    /// </summary>
    public bool TryAccept(DataOutHeader header, out int usefulBytes)
    {
        usefulBytes = 0;
        if (!hasCurrent && !bursts.TryDequeue(out current)) return false;
        hasCurrent = true;
        int length = header.Basic.DataSegmentLengthBytes;
        int end = current.Next + length;
        bool right = header.Basic.TargetTransferTag == current.Tag && header.DataSN == current.NextDataSN
            && header.BufferOffset == (uint)current.Next && end <= current.End;
        // A solicited burst ends exactly where it was asked to end; unsolicited data may end early.
        if (header.Basic.Final && current.Tag != BasicHeader.ReservedTag) right &= end == current.End;
        if (!header.Basic.Final) right &= end < current.End || current.Tag == BasicHeader.ReservedTag;
        if (!right) return false;
        usefulBytes = Math.Clamp(TotalBytes - current.Next, 0, length);
        current.Next = end;
        current.NextDataSN++;
        ReceivedBytes += usefulBytes;
        if (!header.Basic.Final) return true;
        hasCurrent = false;
        SolicitedEnd = Math.Max(SolicitedEnd, ReceivedBytes);
        return true;
    }

    public void Reset()
    {
        bursts.Clear();
        hasCurrent = false;
        TotalBytes = ReceivedBytes = SolicitedEnd = 0;
        NextR2TSN = 0;
    }

    private struct Burst(uint tag, int offset, int end)
    {
        public readonly uint Tag = tag;
        public readonly int End = end;
        public int Next = offset;
        public uint NextDataSN;
    }
}
