using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>A range of a medium, bytes.</summary>
internal readonly record struct MediumRange(long OffsetBytes, long LengthBytes)
{
    /// <summary>True where the two have a byte in common.</summary>
    public bool Overlaps(MediumRange other) =>
        OffsetBytes < other.OffsetBytes + other.LengthBytes && other.OffsetBytes < OffsetBytes + LengthBytes;
}

/// <summary>
/// A representation of data (SPC-4 "ROD"): ranges of a unit as they were when its token was made, of type "point in time copy, change vulnerable".
/// The first change of one of its blocks ends it, so nobody can copy anything else with it. Owned by the <see cref="RodTokens"/>. Any thread.
/// </summary>
internal sealed class Rod(ulong id, LogicalUnit unit, ImmutableArray<MediumRange> ranges, byte[] token, TimeSpan inactivity)
{
    private volatile bool revoked;

    /// <summary>COPY MANAGER ROD TOKEN IDENTIFIER.</summary>
    public ulong Id { get; } = id;

    /// <summary>The unit that has the data.</summary>
    public LogicalUnit Unit { get; } = unit;

    /// <summary>The ranges, in the order of the data.</summary>
    public ImmutableArray<MediumRange> Ranges { get; } = ranges;

    /// <summary>Bytes it represents.</summary>
    public long LengthBytes { get; } = ranges.Sum(range => range.LengthBytes);

    /// <summary>The 512 bytes of the ROD token.</summary>
    public byte[] Token { get; } = token;

    /// <summary>How long it lives without use.</summary>
    public TimeSpan Inactivity { get; } = inactivity;

    /// <summary>Copies under way that use it, and when the last one ended; under the lock of the <see cref="RodTokens"/>.</summary>
    public int Users { get; set; }

    /// <summary>Time stamp of the last use.</summary>
    public long LastUse { get; set; }

    /// <summary>True where its data has changed: TOKEN REVOKED.</summary>
    public bool Revoked => revoked;

    /// <summary>A range of the unit is about to change.</summary>
    public void Changing(MediumRange range)
    {
        if (revoked) return;
        foreach (MediumRange own in Ranges)
        {
            if (!own.Overlaps(range)) continue;
            revoked = true;
            return;
        }
    }
}
