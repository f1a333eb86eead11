namespace Lunaria.Iscsi.Pdu;

/// <summary>
/// Joins the data segments of one text sequence sent with the C bit (RFC 7143 6.2) up to a limit. Owned by one connection.
/// </summary>
internal sealed class TextAccumulator(int maxLengthBytes)
{
    private readonly List<byte> text = [];

    /// <summary>Adds a segment; false when the whole would be longer than the limit.</summary>
    public bool TryAppend(ReadOnlySpan<byte> segment)
    {
        if (text.Count + segment.Length > maxLengthBytes) return false;
        text.AddRange(segment);
        return true;
    }

    /// <summary>The text so far; the accumulator is empty again.</summary>
    public byte[] Take()
    {
        byte[] all = [.. text];
        text.Clear();
        return all;
    }

    public bool IsEmpty => text.Count == 0;
}

/// <summary>Hands out a long answer in segments that fit the peer's MaxRecvDataSegmentLength. Owned by one connection.</summary>
internal sealed class TextChunks(byte[] text)
{
    private int position;

    /// <summary>True once everything has been handed out.</summary>
    public bool IsDone => position == text.Length;

    /// <summary>The next segment, at most <paramref name="maxLengthBytes"/> long; empty for an empty text.</summary>
    public ReadOnlyMemory<byte> Next(int maxLengthBytes)
    {
        int length = Math.Min(maxLengthBytes, text.Length - position);
        ReadOnlyMemory<byte> segment = text.AsMemory(position, length);
        position += length;
        return segment;
    }
}
