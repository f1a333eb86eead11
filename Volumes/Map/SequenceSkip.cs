using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Map;

/// <summary>
/// Part of the first checkpoint of a map that was rebuilt without its journal: no sequence that the lost one may have given is given again, so that neither a late upload nor a cache device
/// that is left can be taken for what comes now.
/// </summary>
internal sealed class SequenceSkip(SegmentTable table) : MapRewrite(table)
{
    private const ulong Sequences = 1UL << 32;
    private readonly SegmentTable segments = table;
    private bool skipped;

    public override void Write(MapCheckpointWriter writer)
    {
        if (!skipped)
            segments.SkipSequences(Sequences);
        skipped = true;
        foreach ((uint line, _) in segments.Owners)
            writer.PutNextSequence(line, segments.NextSequence(line));
    }

    public override void Committed()
    {
    }
}
