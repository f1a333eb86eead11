using K4os.Compression.LZ4;

namespace Lunaria.Backends.Sealing;

/// <summary>
/// Packs the frames of an object by LZ4, where that pays: some of them are tried first, so that what is packed or encrypted already costs next to nothing. Stateless; any thread.
/// </summary>
internal static class FramePacker
{
    /// <summary>Bytes of a frame of most objects: longer ones pack better, shorter ones make a read of a block cheaper.</summary>
    public const int FrameBytes = 32 << 10;

    private const int Samples = 8;

    /// <summary>Bytes of the frames of an object that is to be packed; 0 = it has more frames than a page names.</summary>
    public static int FrameBytesFor(int lengthBytes) =>
        lengthBytes <= (long)FrameBytes * SealedHeader.MaxPackedFrames ? FrameBytes : lengthBytes <= 2L * FrameBytes * SealedHeader.MaxPackedFrames ? 2 * FrameBytes : 0;

    /// <summary>
    /// Packs <paramref name="content"/> into <paramref name="packed"/>, which is as long, and tells each frame's length; the sum of them, or 0 where it would not be shorter by an
    /// eighth with its page, so that it is not worth the reads of longer frames.
    /// </summary>
    public static int Pack(ReadOnlySpan<byte> content, int frameBytes, Span<byte> packed, Span<int> lengths)
    {
        if (!SeemsToPay(content, frameBytes, packed))
            return 0;
        int total = 0;
        for (int frame = 0; frame < lengths.Length; frame++)
        {
            ReadOnlySpan<byte> plain = Frame(content, frameBytes, frame);
            lengths[frame] = PackFrame(plain, packed[total..]);
            total += lengths[frame];
        }
        return Pays(content.Length, total + SealedHeader.Bytes) ? total : 0;
    }

    /// <summary>Unpacks a frame; false = it is no packed frame of that length.</summary>
    public static bool TryUnpack(ReadOnlySpan<byte> packed, Span<byte> plain) => LZ4Codec.Decode(packed, plain) == plain.Length;

    /// <summary>A frame that does not get shorter stays as it is: its length tells.</summary>
    private static int PackFrame(ReadOnlySpan<byte> plain, Span<byte> packed)
    {
        int length = LZ4Codec.Encode(plain, packed[..(plain.Length - 1)], LZ4Level.L00_FAST);
        if (length > 0)
            return length;
        plain.CopyTo(packed);
        return plain.Length;
    }

    private static bool SeemsToPay(ReadOnlySpan<byte> content, int frameBytes, Span<byte> scratch)
    {
        int frames = (content.Length + frameBytes - 1) / frameBytes, plainBytes = 0, packedBytes = 0;
        for (int i = 0; i < Math.Min(Samples, frames); i++)
        {
            ReadOnlySpan<byte> plain = Frame(content, frameBytes, (int)((long)i * frames / Math.Min(Samples, frames)));
            plainBytes += plain.Length;
            packedBytes += PackFrame(plain, scratch);
        }
        return Pays(plainBytes, packedBytes);
    }

    private static bool Pays(int plainBytes, int packedBytes) => packedBytes < plainBytes && packedBytes <= plainBytes - (plainBytes / 8);

    private static ReadOnlySpan<byte> Frame(ReadOnlySpan<byte> content, int frameBytes, int frame) =>
        content.Slice(frame * frameBytes, Math.Min(frameBytes, content.Length - (frame * frameBytes)));
}
