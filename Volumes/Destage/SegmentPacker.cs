using Lunaria.Volumes.Overlay;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Destage;

/// <summary>Copies blocks of a cut from the image of the log into the buffer of a segment. Stateless.</summary>
internal static class SegmentPacker
{
    /// <summary>
    /// Packs trims from <paramref name="trimAt"/> and blocks from <paramref name="entryAt"/> on until the segment is full or all are in, and moves both
    /// on. A block whose checksum is wrong goes in with it: its reads fail, those of its neighbours do not.
    /// </summary>
    public static void Pack(SegmentBuilder builder, int objectBytes, CutImage image, VolumeCut cut, ref int trimAt, ref int entryAt)
    {
        builder.Reset(objectBytes: objectBytes);
        // By number, whether trim or block: so a trim never is in a later segment than a block that was written over it.
        while (trimAt < cut.Trims.Count || entryAt < cut.Entries.Count)
        {
            bool isTrim = entryAt == cut.Entries.Count || (trimAt < cut.Trims.Count && cut.Trims[trimAt].StartBlock <= cut.Entries[entryAt].Block);
            if (isTrim)
            {
                if (!builder.TryAddTrim(cut.Trims[trimAt]))
                    return;
                trimAt++;
                continue;
            }
            OverlayEntry entry = cut.Entries[entryAt];
            if (!builder.TryAddBlock(entry.Block, entry.Crc, out Memory<byte> page))
                return;
            image.Block(entry.Lsn).CopyTo(page.Span);
            entryAt++;
        }
    }
}
