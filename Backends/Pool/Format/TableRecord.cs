using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Pool.Format;

/// <summary>What a record of the object table says.</summary>
internal enum TableRecordState : byte
{
    /// <summary>No object; also a record that was never written (all zeros, generation 0).</summary>
    Free = 0,
    /// <summary>An object that is stored whole.</summary>
    Live = 1,
}

/// <summary>
/// One record of the object table. <paramref name="Generation"/> orders the states of a record and, between two records of one key, tells the
/// valid one; it rises over the whole pool. <paramref name="Version"/> is the entity tag: it stays when an object moves.
/// </summary>
internal readonly record struct TableRecord(
    TableRecordState State, ulong Generation, ulong Version, string Key, uint Chunk, byte FirstSlot, byte SlotCount, uint LengthBytes, uint ContentCrc)
{
    /// <summary>Length of a record on disk.</summary>
    public const int Bytes = 256;

    /// <summary>The record that says "no object here".</summary>
    public static TableRecord Cleared(ulong generation) => new(TableRecordState.Free, generation, 0, "", 0, 0, 0, 0, 0);

    /// <summary>True where the place it names can be one of this component.</summary>
    public bool FitsInto(in ComponentLayout layout) =>
        State == TableRecordState.Free
        || (Chunk < layout.ChunkCount && SlotCount >= 1 && FirstSlot + SlotCount <= ComponentLayout.SlotsPerChunk
            && LengthBytes <= layout.ChunkBytes && layout.SlotsFor((int)LengthBytes) == SlotCount && ObjectKey.IsValid(Key));
}
