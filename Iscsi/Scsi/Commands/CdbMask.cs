using System.Buffers.Binary;
using System.Numerics;

namespace Lunaria.Iscsi.Scsi.Commands;

/// <summary>
/// Which bits of a CDB the device server evaluates: the CDB usage data of REPORT SUPPORTED OPERATION CODES (SPC-4 6.35.3) and, the same
/// bits, what a CDB may have set. A set bit outside of it is INVALID FIELD IN CDB.
/// </summary>
internal readonly struct CdbMask
{
    private readonly ulong high;
    private readonly ulong low;

    /// <summary>A mask from hexadecimal bytes separated by spaces; their number is the CDB length, the first is the operation code.</summary>
    public CdbMask(string bytes)
    {
        byte[] mask = Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal));
        Length = mask.Length;
        Span<byte> all = stackalloc byte[16];
        all.Fill(0xFF);
        mask.CopyTo(all);
        all[0] = 0xFF;
        high = ~BinaryPrimitives.ReadUInt64BigEndian(all);
        low = ~BinaryPrimitives.ReadUInt64BigEndian(all[8..]);
        Usage = mask;
    }

    /// <summary>Length of the CDB in bytes.</summary>
    public int Length { get; }

    /// <summary>The mask, beginning with the operation code.</summary>
    public ReadOnlyMemory<byte> Usage { get; }

    /// <summary>
    /// True where <paramref name="cdb"/> (16 bytes) has no bit set outside of the mask; else the byte and bit of the first that has.
    /// </summary>
    public bool Allows(ReadOnlySpan<byte> cdb, out int index, out int bit)
    {
        ulong first = BinaryPrimitives.ReadUInt64BigEndian(cdb) & high;
        ulong second = BinaryPrimitives.ReadUInt64BigEndian(cdb[8..]) & low;
        index = bit = 0;
        if ((first | second) == 0) return true;
        int position = first != 0 ? BitOperations.LeadingZeroCount(first) : 64 + BitOperations.LeadingZeroCount(second);
        index = position / 8;
        bit = 7 - (position % 8);
        return false;
    }
}
