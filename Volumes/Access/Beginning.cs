using Lunaria.Volumes.Map;

namespace Lunaria.Volumes.Access;

/// <summary>
/// What an index begins as while the map does not have all of it yet: <paramref name="Parent"/> up to the end of <paramref name="Generation"/>, in the log or wherever else. No
/// publish goes beyond the end of a generation, so until that one is published the parent's map has nothing that is younger. <paramref name="Open"/>: opens the map once it
/// has all, given the index's size in blocks and its mapLock. Immutable.
/// </summary>
internal sealed record Beginning(VolumeIndex Parent, uint Generation, Func<MapStore, ulong, Lock, BlockMap> Open)
{
    /// <summary>Longest chain of such beginnings; each costs reads a look.</summary>
    public const int MaxDepth = 16;
}
