using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;

namespace Lunaria.Volumes.Recovery;

/// <summary>Applies the publishes since the last checkpoint to the map, one after the other.</summary>
internal sealed class PublishReplay(MapStore maps)
{
    /// <summary>Up to where everything is in segments, after the publishes so far.</summary>
    public LogPosition Published { get; private set; } = maps.Checkpoint.Published;

    /// <summary>Publishes so far.</summary>
    public int Count { get; private set; }

    /// <summary>Takes the next publish.</summary>
    public async ValueTask VisitAsync(PublishFrame frame)
    {
        while (!await maps.ApplyAsync(frame))
            await maps.CheckpointAsync(new(frame.Sequence, Published));
        Published = frame.Published;
        Count++;
    }
}
