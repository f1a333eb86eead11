using System.Globalization;
using Lunaria.Volumes.Access;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes;

/// <summary>Garbage collection as administrators steer it.</summary>
public sealed partial class VolumeManager
{
    private const string CollectionRate = "collection.bytesPerSecond";

    /// <summary>True: garbage collection begins no round by itself. Any thread; until the end of the process.</summary>
    public bool IsCollectionPaused
    {
        get => _collector.IsPaused;
        set => _collector.IsPaused = value;
    }

    /// <summary>Bytes that garbage collection has copied since the engine was opened.</summary>
    public long CollectedBytes => _collector.CopiedBytes;

    /// <summary>
    /// Collects the garbage that is there now, until no round is worth it. Once it is cancelled no further round is begun. ObjectStoreException where the store fails. What was gained stays in
    /// either case.
    /// </summary>
    public async Task CollectGarbageAsync(CancellationToken cancellation = default)
    {
        await _collector.RunNowAsync(cancellation);
        if (!_publisher.HasDoomed)
            return;
        await _files.Catalog.SaveAsync().WaitAsync(cancellation);
        await _destager.DestageAsync(false).WaitAsync(cancellation);
    }

    /// <summary>Sets how many bytes garbage collection may copy a second, durably; 0 = as fast as it can between cuts.</summary>
    public void SetCollectionRate(long bytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesPerSecond);
        _files.Metadata.WriteSetting(CollectionRate, bytesPerSecond.ToString(CultureInfo.InvariantCulture));
        _collector.BytesPerSecond = bytesPerSecond;
    }

    /// <summary>What garbage collection does, and what it could give back: of each line, and so of each volume. One pass over the segment table.</summary>
    public async ValueTask<CollectionStatus> GetCollectionAsync()
    {
        Dictionary<uint, (long Stored, long Garbage)> lines = [];
        await _publisher.WhileMapRestsAsync(maps =>
        {
            foreach ((_, SegmentRow row) in maps.Segments.Rows)
            {
                (long stored, long garbage) = lines.GetValueOrDefault(row.Volume);
                lines[row.Volume] = (stored + row.ObjectBytes, garbage + ((long)(row.BlockCount - row.LiveBlocksAtMost) << BlockGeometry.BlockShift));
            }
            return true;
        });
        return new(
            _collector.IsPaused, _collector.IsRunning, _collector.BytesPerSecond, _collector.CopiedBytes, lines.Values.Sum(line => line.Stored), lines.Values.Sum(line => line.Garbage),
            [.. _volumes.All.Select(volume => new VolumeGarbage(volume, lines.GetValueOrDefault(volume.Line.Number).Stored, lines.GetValueOrDefault(volume.Line.Number).Garbage))]);
    }

    private void RestoreCollectionRate()
    {
        if (long.TryParse(_files.Metadata.ReadSetting(CollectionRate), CultureInfo.InvariantCulture, out long rate))
            _collector.BytesPerSecond = rate;
    }
}
