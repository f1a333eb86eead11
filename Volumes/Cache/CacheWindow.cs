using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// What is cached together: 16 consecutive blocks of a segment, 64 KiB. A segment never changes, so neither does what a window's key stands for. Stateless.
/// </summary>
internal static class CacheWindow
{
    /// <summary>log2 of <see cref="Blocks"/>.</summary>
    public const int BlocksShift = 4;

    /// <summary>Blocks of a window; the last one of a segment may have less.</summary>
    public const int Blocks = 1 << BlocksShift;

    /// <summary>Bytes of a window and of a slot.</summary>
    public const int Bytes = Blocks * SegmentHeader.BlockBytes;

    private const int IndexBits = 12;

    /// <summary>Segment and window in one number; never 0.</summary>
    public static ulong Key(SegmentId segment, int window) => ((ulong)segment.Value << IndexBits) | (uint)window;

    /// <summary>The segment of a key.</summary>
    public static SegmentId Segment(ulong key) => new((uint)(key >> IndexBits));

    /// <summary>The window of a key.</summary>
    public static int Index(ulong key) => (int)(key & ((1 << IndexBits) - 1));

    /// <summary>The bits of so many blocks from one on.</summary>
    public static ushort Mask(int firstBlock, int blocks) => (ushort)(((1 << blocks) - 1) << firstBlock);
}
