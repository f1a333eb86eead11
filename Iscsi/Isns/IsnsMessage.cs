using System.Buffers.Binary;

namespace Lunaria.Iscsi.Isns;

/// <summary>One iSNS message: what it is, and its attributes in their order. Responses have a status before them, 0 = done (RFC 4171 5.4). Immutable.</summary>
internal sealed record IsnsMessage(IsnsFunction Function, ushort TransactionId, IReadOnlyList<IsnsAttribute> Attributes, uint Status = 0)
{
    private const int AttributeHeaderBytes = 8;

    public bool IsResponse => (Function & IsnsFunction.Response) != 0;

    /// <summary>The answer to this request.</summary>
    public IsnsMessage Answer(IEnumerable<IsnsAttribute> attributes) => new(Function | IsnsFunction.Response, TransactionId, [.. attributes]);

    /// <summary>The first attribute of that tag; null where there is none.</summary>
    public IsnsAttribute? Find(IsnsTag tag) => Attributes.FirstOrDefault(attribute => attribute.Tag == tag);

    /// <summary>Status and attributes as they are sent.</summary>
    public byte[] WritePayload()
    {
        byte[] payload = new byte[(IsResponse ? 4 : 0) + Attributes.Sum(attribute => AttributeHeaderBytes + attribute.Value.Length)];
        Span<byte> rest = payload;
        if (IsResponse)
        {
            BinaryPrimitives.WriteUInt32BigEndian(rest, Status);
            rest = rest[4..];
        }
        foreach (IsnsAttribute attribute in Attributes)
        {
            BinaryPrimitives.WriteUInt32BigEndian(rest, (uint)attribute.Tag);
            BinaryPrimitives.WriteInt32BigEndian(rest[4..], attribute.Value.Length);
            attribute.Value.Span.CopyTo(rest[AttributeHeaderBytes..]);
            rest = rest[(AttributeHeaderBytes + attribute.Value.Length)..];
        }
        return payload;
    }

    /// <summary>Reads what <see cref="WritePayload"/> writes; <see cref="InvalidDataException"/> where lengths do not fit.</summary>
    public static IsnsMessage Read(IsnsFunction function, ushort transactionId, ReadOnlyMemory<byte> payload)
    {
        uint status = 0;
        if ((function & IsnsFunction.Response) != 0)
        {
            if (payload.Length < 4) throw new InvalidDataException("an iSNS response has no status");
            status = BinaryPrimitives.ReadUInt32BigEndian(payload.Span);
            payload = payload[4..];
        }
        List<IsnsAttribute> attributes = [];
        while (!payload.IsEmpty)
        {
            if (payload.Length < AttributeHeaderBytes) throw new InvalidDataException("an attribute of an iSNS message is cut off");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(payload.Span[4..]);
            if (length > payload.Length - AttributeHeaderBytes) throw new InvalidDataException("an attribute of an iSNS message is longer than the message");
            attributes.Add(new((IsnsTag)BinaryPrimitives.ReadUInt32BigEndian(payload.Span), payload.Slice(AttributeHeaderBytes, (int)length)));
            payload = payload[(AttributeHeaderBytes + (int)length)..];
        }
        return new(function, transactionId, attributes, status);
    }
}
