namespace Lunaria.Volumes.Map;

/// <summary>A row of map.db is not what was written. It concerns one line.</summary>
internal sealed class MapDamageException(uint line, string message) : IOException(message)
{
    /// <summary>The line.</summary>
    public uint Line { get; } = line;
}
