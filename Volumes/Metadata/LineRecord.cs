namespace Lunaria.Volumes.Metadata;

/// <summary>
/// A line in lunaria.db: one history of writes, in generations counted from 0, that begins empty or where <paramref name="Parent"/> was at
/// <paramref name="ParentGeneration"/> (0 = no parent). <paramref name="Number"/>: dense, from 1, never given again.
/// <paramref name="Family"/>: number of the line from which all lines come that may share segments with this one. <paramref name="Uuid"/>: in the names of its
/// segments. <paramref name="CapacityBytes"/>: the largest size its volume ever had.
/// </summary>
internal sealed record LineRecord(uint Number, Guid Uuid, uint Family, uint Parent, uint ParentGeneration, long CapacityBytes);

/// <summary>
/// The leaves of a line up to <paramref name="Generation"/>, back to the next older view, among which are some that nothing shows any
/// more. uint.MaxValue = to the end of the line.
/// </summary>
internal sealed record PruneRecord(uint Line, uint Generation);
