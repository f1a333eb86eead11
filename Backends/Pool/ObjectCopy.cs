using Lunaria.Backends.Pool.Format;

namespace Lunaria.Backends.Pool;

/// <summary>
/// One stored copy of an object: where it lies. Never changes but for <see cref="Retired"/>, which is set before its slots can be
/// given to another object: who reads its bytes and then finds it not retired has read this object and no other.
/// </summary>
internal sealed class ObjectCopy(PoolComponent component, long recordNumber, TableRecord record, long durableRound)
{
    private volatile bool retired;

    /// <summary>The component on which it lies.</summary>
    public PoolComponent Component { get; } = component;

    /// <summary>Its record in that component's table.</summary>
    public long RecordNumber { get; } = recordNumber;

    /// <summary>What the record says.</summary>
    public TableRecord Record { get; } = record;

    /// <summary>The flush round that makes the back copy of the record durable.</summary>
    public long DurableRound { get; } = durableRound;

    /// <summary>Where its bytes begin on the component.</summary>
    public long OffsetBytes { get; } = component.Layout.SlotOffset((int)record.Chunk, record.FirstSlot);

    /// <summary>Its slots.</summary>
    public SlotRun Run => new(Component, (int)Record.Chunk, Record.FirstSlot, Record.SlotCount);

    /// <summary>True once it is deleted or replaced.</summary>
    public bool Retired => retired;

    /// <summary>Says that its slots are about to be free.</summary>
    public void Retire() => retired = true;
}
