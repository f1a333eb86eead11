using System.Buffers.Binary;

namespace Lunaria.Iscsi.Isns;

/// <summary>Sends and receives iSNS messages over a stream, each in one PDU or several (RFC 4171 5.1). Used by one task at a time.</summary>
internal sealed class IsnsChannel(Stream stream)
{
    private const int HeaderBytes = 12;
    private const int MaxPduPayloadBytes = 0xFFFC;
    private const int MaxMessageBytes = 1 << 20;
    private const ushort Version = 1;
    private const ushort Client = 0x8000, Replace = 0x1000, Last = 0x0800, First = 0x0400;

    /// <summary>Sends a message; with <paramref name="replace"/> a registration takes the place of what was registered before.</summary>
    public async Task SendAsync(IsnsMessage message, bool replace, CancellationToken stop)
    {
        byte[] payload = message.WritePayload();
        int pdus = Math.Max(1, (payload.Length + MaxPduPayloadBytes - 1) / MaxPduPayloadBytes);
        byte[] wire = new byte[payload.Length + (pdus * HeaderBytes)];
        for (int i = 0, at = 0; i < pdus; i++)
        {
            ReadOnlySpan<byte> part = payload.AsSpan(i * MaxPduPayloadBytes, Math.Min(MaxPduPayloadBytes, payload.Length - (i * MaxPduPayloadBytes)));
            int flags = Client | (replace ? Replace : 0) | (i == 0 ? First : 0) | (i == pdus - 1 ? Last : 0);
            Span<byte> header = wire.AsSpan(at);
            BinaryPrimitives.WriteUInt16BigEndian(header, Version);
            BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)message.Function);
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)part.Length);
            BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)flags);
            BinaryPrimitives.WriteUInt16BigEndian(header[8..], message.TransactionId);
            BinaryPrimitives.WriteUInt16BigEndian(header[10..], (ushort)i);
            part.CopyTo(header[HeaderBytes..]);
            at += HeaderBytes + part.Length;
        }
        await stream.WriteAsync(wire, stop);
    }

    /// <summary>
    /// Receives a message of a server; null where it has closed the connection. <see cref="InvalidDataException"/> where what comes is none.
    /// </summary>
    public async Task<IsnsMessage?> ReceiveAsync(CancellationToken stop)
    {
        byte[] header = new byte[HeaderBytes];
        using MemoryStream payload = new();
        for (ushort sequence = 0; ; sequence++)
        {
            int got = await stream.ReadAtLeastAsync(header, HeaderBytes, throwOnEndOfStream: false, stop);
            if (got == 0 && sequence == 0) return null;
            if (got < HeaderBytes) throw new InvalidDataException("an iSNS message is cut off");
            ushort flags = Word(header, 6);
            // Who the sender says he is does not count: open-isns asks its clients as a client.
            if (Word(header, 0) != Version || ((flags & First) != 0) != (sequence == 0) || Word(header, 10) != sequence)
                throw new InvalidDataException("what came is no iSNS message");
            byte[] part = new byte[Word(header, 4)];
            await stream.ReadExactlyAsync(part, stop);
            payload.Write(part);
            if (payload.Length > MaxMessageBytes) throw new InvalidDataException("an iSNS message is too long");
            if ((flags & Last) != 0) return IsnsMessage.Read((IsnsFunction)Word(header, 2), Word(header, 8), payload.ToArray());
        }
    }

    /// <summary>Sends a request and receives its answer; <see cref="InvalidDataException"/> where another one comes.</summary>
    public async Task<IsnsMessage> AskAsync(IsnsMessage request, bool replace, CancellationToken stop)
    {
        await SendAsync(request, replace, stop);
        IsnsMessage answer = await ReceiveAsync(stop) ?? throw new InvalidDataException("the iSNS server has closed the connection");
        return answer.Function == (request.Function | IsnsFunction.Response) && answer.TransactionId == request.TransactionId
            ? answer
            : throw new InvalidDataException($"the iSNS server answered {(ushort)answer.Function:x4} to {(ushort)request.Function:x4}");
    }

    private static ushort Word(byte[] header, int at) => BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(at));
}
