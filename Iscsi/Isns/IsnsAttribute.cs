using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Lunaria.Iscsi.Isns;

/// <summary>One attribute of an iSNS message: a tag and a value, a multiple of four bytes long (RFC 4171 5.6). Immutable.</summary>
internal sealed record IsnsAttribute(IsnsTag Tag, ReadOnlyMemory<byte> Value)
{
    /// <summary>Between the key of a message and what it is about.</summary>
    public static IsnsAttribute Delimiter { get; } = new(IsnsTag.Delimiter, default);

    /// <summary>The value as a number; 0 where it is none.</summary>
    public uint Number => Value.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(Value.Span) : 0;

    /// <summary>The value as text, without what pads it.</summary>
    public string Text => Encoding.UTF8.GetString(Value.Span).TrimEnd('\0');

    /// <summary>Text: UTF-8, ended by a zero, padded by more.</summary>
    public static IsnsAttribute Of(IsnsTag tag, string text)
    {
        byte[] bytes = new byte[(Encoding.UTF8.GetByteCount(text) + 4) & ~3];
        Encoding.UTF8.GetBytes(text, bytes);
        return new(tag, bytes);
    }

    /// <summary>A number of 32 bits.</summary>
    public static IsnsAttribute Of(IsnsTag tag, uint number)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new(tag, bytes);
    }

    /// <summary>An address of 128 bits, IPv4 as IPv6 (RFC 4171 6.3.1).</summary>
    public static IsnsAttribute Of(IsnsTag tag, IPAddress address) => new(tag, address.MapToIPv6().GetAddressBytes());
}
