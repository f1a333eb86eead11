using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <summary>What <see cref="PduReader.Read"/> found.</summary>
internal enum ReadResult
{
    /// <summary>Receive more.</summary>
    Nothing,
    /// <summary>A complete PDU; <see cref="PduReader.Consume"/> it when it has been handled.</summary>
    Complete,
    /// <summary>A PDU whose header is here but much of its data is not: stream it, or receive more.</summary>
    Partial,
    /// <summary>The PDU that was streamed is complete.</summary>
    StreamEnded,
    /// <summary>A complete PDU whose data digest is wrong, where that can be recovered; to be consumed.</summary>
    Spoiled,
}

/// <summary>A PDU whose data went straight to its command.</summary>
internal readonly record struct StreamedPdu(Command Command, Opcode Opcode, bool Final);

/// <summary>
/// Cuts the received bytes of one connection into PDUs: lengths, pad and digests (RFC 7143 11.2). The connection's thread only.
/// </summary>
internal sealed class PduReader(ConnectionMemory memory)
{
    /// <summary>Less missing data than this is not worth streaming: one more receive brings it.</summary>
    private const int StreamThresholdBytes = 8192;

    private readonly byte[] streamHeader = new byte[BasicHeader.LengthBytes];
    private Memory<byte> streamRest, streamData;
    private StreamedPdu streamed;
    private int streamTailBytes, consumedBytes, discardBytes;
    private bool isStreaming, headerVerified, lostHeader;

    public bool HeaderDigest { get; set; }
    public bool DataDigest { get; set; }

    /// <summary>True where a PDU with a wrong digest is dropped in place of the connection (ErrorRecoveryLevel 1 and 2).</summary>
    public bool RecoversDigestErrors { get; set; }

    /// <summary>What this target declared; the default while logging in.</summary>
    public int MaxDataSegmentLength { get; set; } = ConnectionMemory.LoginDataLength;

    /// <summary>True when the last receive filled all the room there was.</summary>
    public bool ExpectsMore { get; private set; }

    private ReceiveBuffer Buffer => memory.Receive!;

    /// <summary>Where to receive to: the rest of a streamed payload, else the free part of the receive buffer.</summary>
    public Span<byte> Target => isStreaming && streamRest.Length > 0 ? streamRest.Span : Buffer.Array.AsSpan(Buffer.End);

    /// <summary>Makes room for what is expected next; false = not possible now.</summary>
    public bool TryMakeRoom() => (isStreaming && streamRest.Length > 0) || memory.TryMakeRoom(NeededBytes());

    /// <summary>Counts received bytes. True = there were some.</summary>
    public bool Received(int count)
    {
        ExpectsMore = count == Target.Length;
        if (isStreaming && streamRest.Length > 0) streamRest = streamRest[count..];
        else Buffer.End += count;
        return count > 0;
    }

    /// <summary>The next PDU. A frame is valid until the next receive.</summary>
    public ReadResult Read(out PduFrame frame)
    {
        frame = default;
        if (memory.Receive is null) return ReadResult.Nothing;
        if (isStreaming) return TryEndStream() ? ReadResult.StreamEnded : ReadResult.Nothing;
        ReadResult result;
        do result = ReadNext(out frame);
        while (result == ReadResult.Nothing && TryPassLostHeader());
        return result;
    }

    /// <summary>The PDU read last has been handled.</summary>
    public void Consume()
    {
        Buffer.Start += consumedBytes;
        headerVerified = false;
    }

    private ReadResult ReadNext(out PduFrame frame)
    {
        frame = default;
        if (discardBytes > 0) Discard();
        int available = Buffer.UnhandledBytes;
        if (discardBytes > 0 || available < BasicHeader.LengthBytes) return ReadResult.Nothing;
        Span<byte> bytes = Buffer.Array.AsSpan(Buffer.Start, available);
        BasicHeader basic = new(bytes[..BasicHeader.LengthBytes]);
        int headerLength = BasicHeader.LengthBytes + basic.TotalAhsLengthBytes;
        int dataStart = headerLength + (HeaderDigest ? Crc32C.LengthBytes : 0);
        if (available < dataStart) return ReadResult.Nothing;
        if (!VerifyHeader(bytes, basic, headerLength))
        {
            discardBytes = dataStart + BasicHeader.Padded(basic.DataSegmentLengthBytes) + (DataDigest && basic.DataSegmentLengthBytes > 0 ? Crc32C.LengthBytes : 0);
            return ReadResult.Nothing;
        }
        int dataLength = basic.DataSegmentLengthBytes, padded = BasicHeader.Padded(dataLength);
        int total = dataStart + padded + (DataDigest && dataLength > 0 ? Crc32C.LengthBytes : 0);
        int dataHere = Math.Min(dataLength, available - dataStart);
        frame = new()
        {
            HeaderBytes = bytes[..headerLength],
            Data = Buffer.Array.AsMemory(Buffer.Start + dataStart, dataHere),
            Source = Buffer,
        };
        consumedBytes = total;
        if (available < total) return total - available >= StreamThresholdBytes ? ReadResult.Partial : ReadResult.Nothing;
        if (!DataDigest || dataLength == 0 || Crc32C.Matches(bytes.Slice(dataStart, padded), bytes[(dataStart + padded)..])) return ReadResult.Complete;
        if (!RecoversDigestErrors) ThrowDataDigest(bytes[..BasicHeader.LengthBytes]);
        return ReadResult.Spoiled;
    }

    /// <summary>True when there may be a PDU behind one whose header was wrong.</summary>
    private bool TryPassLostHeader() => lostHeader && discardBytes > 0 && discardBytes <= Buffer.UnhandledBytes;

    /// <summary>
    /// The partial PDU read last is streamed: <paramref name="here"/> bytes of <paramref name="destination"/> are filled, the rest is
    /// received into it.
    /// </summary>
    public void BeginStream(Command command, Memory<byte> destination, int here)
    {
        Buffer.Array.AsSpan(Buffer.Start, BasicHeader.LengthBytes).CopyTo(streamHeader);
        BasicHeader basic = new(streamHeader);
        streamed = new(command, basic.Opcode, basic.Final);
        command.IsStreaming = true;
        streamData = destination;
        streamRest = destination[here..];
        streamTailBytes = BasicHeader.Padded(destination.Length) - destination.Length + (DataDigest ? Crc32C.LengthBytes : 0);
        isStreaming = true;
        Buffer.Start = Buffer.End;
        headerVerified = false;
    }

    /// <summary>The rest of the partial PDU read last belongs to nobody.</summary>
    public void DiscardPdu()
    {
        discardBytes = consumedBytes;
        headerVerified = false;
        Discard();
    }

    /// <summary>The PDU whose stream has ended.</summary>
    public StreamedPdu TakeStreamed()
    {
        isStreaming = false;
        streamData = streamRest = default;
        return streamed;
    }

    private bool TryEndStream()
    {
        if (streamRest.Length > 0 || Buffer.UnhandledBytes < streamTailBytes) return false;
        ReadOnlySpan<byte> tail = Buffer.Array.AsSpan(Buffer.Start, streamTailBytes);
        if (DataDigest)
        {
            int pad = streamTailBytes - Crc32C.LengthBytes;
            uint crc = ~Crc32C.Append(Crc32C.Append(uint.MaxValue, streamData.Span), tail[..pad]);
            if (crc != System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(tail[pad..])) ThrowDataDigest(streamHeader);
        }
        Buffer.Start += streamTailBytes;
        return true;
    }

    private void Discard()
    {
        int count = Math.Min(discardBytes, Buffer.UnhandledBytes);
        Buffer.Start += count;
        discardBytes -= count;
    }

    /// <summary>False = the header digest is wrong; the PDU is to be passed over as long as it says it is, which the next header confirms or not.</summary>
    private bool VerifyHeader(Span<byte> bytes, BasicHeader basic, int headerLength)
    {
        if (headerVerified) return true;
        if (HeaderDigest && !Crc32C.Matches(bytes[..headerLength], bytes[headerLength..]))
        {
            if (!RecoversDigestErrors || lostHeader || basic.DataSegmentLengthBytes > MaxDataSegmentLength)
                throw new IscsiProtocolException("a header digest is wrong, so that the length of the PDU is not known");
            return !(lostHeader = true);
        }
        lostHeader = false;
        if (basic.DataSegmentLengthBytes > MaxDataSegmentLength)
            throw new IscsiProtocolException($"a data segment of {basic.DataSegmentLengthBytes} bytes is longer than the {MaxDataSegmentLength} this target declared");
        return headerVerified = true;
    }

    private int NeededBytes()
    {
        if (discardBytes > 0 || Buffer.UnhandledBytes < BasicHeader.LengthBytes) return BasicHeader.LengthBytes;
        BasicHeader basic = new(Buffer.Array.AsSpan(Buffer.Start, BasicHeader.LengthBytes));
        return BasicHeader.LengthBytes + basic.TotalAhsLengthBytes + (2 * Crc32C.LengthBytes) + BasicHeader.Padded(basic.DataSegmentLengthBytes);
    }

    private static void ThrowDataDigest(ReadOnlySpan<byte> header) =>
        throw new IscsiProtocolException("a data digest is wrong", RejectReason.DataDigestError, header.ToArray());
}
