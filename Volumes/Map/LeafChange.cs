namespace Lunaria.Volumes.Map;

/// <summary>Outcome of a change of one leaf.</summary>
internal enum LeafChange
{
    /// <summary>Done, with all accounting.</summary>
    Done,
    /// <summary>Nothing changed: the leaf is not in memory.</summary>
    NotLoaded,
    /// <summary>Nothing changed: a checkpoint must make room.</summary>
    NoRoom,
}
