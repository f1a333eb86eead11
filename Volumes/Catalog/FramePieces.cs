using System.Buffers;

namespace Lunaria.Volumes.Catalog;

/// <summary>Packs frames of the map journal, one behind the other, into pieces of a size; a frame may go on in the next piece. Owned by one save; one thread.</summary>
internal sealed class FramePieces(int pieceBytes)
{
    private readonly ArrayBufferWriter<byte> piece = new();
    private ulong firstSequence;

    /// <summary>Adds a frame; gives the pieces that are full, each with the number of the frame that it begins with (0 = it goes on with one).</summary>
    public IReadOnlyList<(byte[] Piece, ulong FirstSequence)> Add(ulong sequence, ReadOnlyMemory<byte> frame)
    {
        List<(byte[], ulong)> full = [];
        // Whole frames stay together where they can.
        if (piece.WrittenCount > 0 && piece.WrittenCount + frame.Length > pieceBytes)
            full.Add(Take());
        if (piece.WrittenCount == 0)
            firstSequence = sequence;
        while (frame.Length > 0)
        {
            int taken = Math.Min(frame.Length, pieceBytes - piece.WrittenCount);
            piece.Write(frame.Span[..taken]);
            frame = frame[taken..];
            if (frame.Length > 0)
                full.Add(Take());
        }
        return full;
    }

    /// <summary>What is left; null where nothing is.</summary>
    public (byte[]? Piece, ulong FirstSequence) Rest() => piece.WrittenCount == 0 ? (null, 0) : Take();

    private (byte[] Piece, ulong FirstSequence) Take()
    {
        (byte[], ulong) taken = (piece.WrittenSpan.ToArray(), firstSequence);
        piece.ResetWrittenCount();
        firstSequence = 0;
        return taken;
    }
}
