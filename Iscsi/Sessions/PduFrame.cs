using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <summary>One received PDU where it lies. Its data may not all be there yet: then the rest is streamed to a command's buffer.</summary>
internal readonly ref struct PduFrame
{
    /// <summary>Basic header and additional header segments.</summary>
    public required Span<byte> HeaderBytes { get; init; }

    /// <summary>The data that is here, without pad.</summary>
    public required Memory<byte> Data { get; init; }

    /// <summary>Where it lies; null for a copy.</summary>
    public required ReceiveBuffer? Source { get; init; }

    public BasicHeader Basic => new(HeaderBytes[..BasicHeader.LengthBytes]);
    public Span<byte> Header => HeaderBytes[..BasicHeader.LengthBytes];
    public ReadOnlySpan<byte> AdditionalHeader => HeaderBytes[BasicHeader.LengthBytes..];
    public bool IsComplete => Data.Length == Basic.DataSegmentLengthBytes;
}
