namespace Lunaria.Iscsi.Sessions.Recovery;

/// <summary>A PDU with a status that the initiator has not acknowledged. Pooled by the <see cref="StatusLog"/>.</summary>
internal sealed class SentStatus
{
    private byte[] bytes = new byte[Pdu.BasicHeader.LengthBytes + 64];
    private int length;

    public uint StatSN { get; private set; }

    /// <summary>The command it ends, with its data; null for another PDU, or where memory ran short.</summary>
    public Command? Answered { get; set; }

    public Span<byte> Header => bytes.AsSpan(0, Pdu.BasicHeader.LengthBytes);

    public ReadOnlySpan<byte> Data => bytes.AsSpan(Pdu.BasicHeader.LengthBytes, length - Pdu.BasicHeader.LengthBytes);

    public void Set(uint statSN, ReadOnlySpan<byte> header, ReadOnlySpan<byte> data)
    {
        StatSN = statSN;
        Answered = null;
        length = header.Length + data.Length;
        if (bytes.Length < length) bytes = new byte[length];
        header.CopyTo(bytes);
        data.CopyTo(bytes.AsSpan(header.Length));
    }
}
