using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>
/// The 512 bytes of a ROD token (SPC-4, ROD token format): type, identifier, the unit it came from, its length, and so many random bytes that nobody
/// finds one by trying. Whoever has the bytes may copy the data, as the standard wants it.
/// </summary>
internal static class RodToken
{
    /// <summary>Bytes of a token.</summary>
    public const int LengthBytes = 512;

    /// <summary>Bytes of a token without what proves possession: a ROD management token.</summary>
    public const int ManagementBytes = 96;

    /// <summary>ROD TYPE: point in time copy, change vulnerable.</summary>
    public const uint ChangeVulnerable = 0x0080_0001;

    /// <summary>ROD TYPE: any point in time copy, the copy manager chooses.</summary>
    public const uint AnyPointInTime = 0x0080_FFFF;

    /// <summary>ROD TYPE: blocks of zeros (SBC-3), known to every copy manager.</summary>
    public const uint BlockZero = 0xFFFF_0001;

    /// <summary>ROD TOKEN LENGTH: what follows the first 8 bytes.</summary>
    public const int BodyBytes = 0x01F8;

    private const int IdIndex = 8;

    /// <summary>ROD TYPE of a token.</summary>
    public static uint Type(ReadOnlySpan<byte> token) => BinaryPrimitives.ReadUInt32BigEndian(token);

    /// <summary>ROD TOKEN LENGTH of a token.</summary>
    public static int Length(ReadOnlySpan<byte> token) => BinaryPrimitives.ReadUInt16BigEndian(token[6..]);

    /// <summary>COPY MANAGER ROD TOKEN IDENTIFIER of a token.</summary>
    public static ulong Id(ReadOnlySpan<byte> token) => BinaryPrimitives.ReadUInt64BigEndian(token[IdIndex..]);

    /// <summary>A new token of <paramref name="bytes"/> of data of a unit, made through <paramref name="port"/>.</summary>
    public static byte[] Create(ulong id, LogicalUnit unit, TargetPort port, long bytes)
    {
        byte[] token = new byte[LengthBytes];
        RandomNumberGenerator.Fill(token.AsSpan(128));
        Span<byte> at = token;
        BinaryPrimitives.WriteUInt32BigEndian(at, ChangeVulnerable);
        BinaryPrimitives.WriteUInt16BigEndian(at[6..], BodyBytes);
        BinaryPrimitives.WriteUInt64BigEndian(at[IdIndex..], id);
        // The creator as a CSCD descriptor: identification descriptor with the NAA identifier.
        at[16] = 0xE4;
        at[20] = 1;
        at[21] = 3;
        at[23] = 16;
        unit.Identity.Naa.CopyTo(at[24..]);
        BinaryPrimitives.WriteUInt32BigEndian(at[44..], (uint)unit.BlockBytes);
        BinaryPrimitives.WriteUInt64BigEndian(at[56..], (ulong)bytes);
        // READ CAPACITY(16) without its first field.
        BlockDeviceGeometry geometry = unit.Medium.Geometry;
        BinaryPrimitives.WriteUInt32BigEndian(at[96..], (uint)geometry.LogicalBlockBytes);
        at[101] = (byte)BitOperations.Log2((uint)(geometry.PhysicalBlockBytes / geometry.LogicalBlockBytes));
        if (unit.Medium.Thin.Supported) at[102] = 0xC0;
        byte[] name = Encoding.UTF8.GetBytes(port.TargetName);
        int nameBytes = (name.Length + 4) & ~3;
        at[128] = 0x53;
        at[129] = 0xA8;
        at[130] = 0;
        at[131] = (byte)nameBytes;
        at.Slice(132, nameBytes).Clear();
        name.CopyTo(at[132..]);
        return token;
    }
}
