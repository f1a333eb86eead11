using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Transport;

/// <summary>
/// PDUs on their way out, contiguous, so that many leave in one send. A PDU is begun, its header and data are written in place, and
/// it is ended, which adds pad and digests. Long answers leave from one memory while the next is filled. Owned by the connection's thread.
/// </summary>
internal sealed class SendBuffer(SocketSender sender) : IDisposable
{
    /// <summary>What is shorter is sent faster than another thread wakes up.</summary>
    private const int MinHandOverBytes = 64 << 10;

    private readonly BackgroundSend background = new(sender);
    private byte[] array = [];
    private byte[]? spare;
    private int start, end;
    private int pduDataStart, pduDataLength;

    public bool HeaderDigest { get; set; }
    public bool DataDigest { get; set; }

    public byte[] Array => array;
    public bool IsEmpty => start == end && !background.IsBusy;
    public int PendingBytes => end - start + background.PendingBytes;

    /// <summary>True once a second memory would help.</summary>
    public bool WantsSpare { get; private set; }

    /// <summary>Longest data segment a PDU here can have.</summary>
    public int MaxDataLength => array.Length - BasicHeader.LengthBytes - (2 * Crc32C.LengthBytes) - 3;

    /// <summary>Takes other memory; only while empty.</summary>
    public void Use(byte[] memory)
    {
        array = memory;
        spare = null;
        start = end = 0;
    }

    /// <summary>Takes a second memory, as large as the first.</summary>
    public void UseSpare(byte[] memory)
    {
        spare = memory;
        WantsSpare = false;
    }

    /// <summary>True when a PDU with this much data fits behind what is there.</summary>
    public bool Fits(int dataLength) => array.Length - end >= PduLength(dataLength);

    /// <summary>A zeroed header. The data segment of <paramref name="dataLength"/> bytes is <see cref="Data"/>. Must fit.</summary>
    public Span<byte> BeginPdu(int dataLength)
    {
        Span<byte> header = array.AsSpan(end, BasicHeader.LengthBytes);
        header.Clear();
        new BasicHeader(header).DataSegmentLengthBytes = dataLength;
        pduDataStart = end + BasicHeader.LengthBytes + (HeaderDigest ? Crc32C.LengthBytes : 0);
        pduDataLength = dataLength;
        return header;
    }

    /// <summary>Data segment of the PDU begun last, without pad.</summary>
    public Span<byte> Data => array.AsSpan(pduDataStart, pduDataLength);

    /// <summary>Header of the PDU begun last.</summary>
    public Span<byte> Header => array.AsSpan(end, BasicHeader.LengthBytes);

    /// <summary>The PDU begun last is complete and will be sent. Without this it never was.</summary>
    public void EndPdu()
    {
        if (HeaderDigest) Crc32C.Write(Header, array.AsSpan(end + BasicHeader.LengthBytes));
        end = pduDataStart;
        if (pduDataLength == 0) return;
        int padded = BasicHeader.Padded(pduDataLength);
        array.AsSpan(pduDataStart + pduDataLength, padded - pduDataLength).Clear();
        end += padded;
        if (!DataDigest) return;
        Crc32C.Write(array.AsSpan(pduDataStart, padded), array.AsSpan(end));
        end += Crc32C.LengthBytes;
    }

    /// <summary>Lets another thread send what is here, and goes on in the other memory. False = send it here.</summary>
    public bool TryHandOver()
    {
        if (end - start < MinHandOverBytes || Environment.ProcessorCount == 1) return false;
        if (spare is null)
        {
            WantsSpare = true;
            return false;
        }
        if (!background.TryFinish()) return false;
        background.Begin(array, start, end);
        (array, spare) = (spare, array);
        start = end = 0;
        return true;
    }

    /// <summary>Sends what the socket takes now. True = all is gone.</summary>
    public bool TrySend()
    {
        if (!background.TryFinish()) return false;
        sender.Send(array, ref start, end);
        if (start < end) return false;
        start = end = 0;
        return true;
    }

    /// <summary>Nobody uses the memory any more.</summary>
    public void Dispose() => background.Dispose();

    private int PduLength(int dataLength) =>
        BasicHeader.LengthBytes + (HeaderDigest ? Crc32C.LengthBytes : 0) + BasicHeader.Padded(dataLength) + (DataDigest ? Crc32C.LengthBytes : 0);
}
