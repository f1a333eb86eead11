using System.Buffers.Binary;
using System.Text;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>iSCSI TransportIDs (SPC-4 7.6.4.6).</summary>
internal static class TransportId
{
    private const byte ProtocolIscsi = 0x05;
    private const byte DeviceFormat = 0x00;
    private const byte PortFormat = 0x40;
    private const int HeaderBytes = 4;
    private const int MinNameBytes = 20;

    /// <summary>The TransportID of an initiator port <c>name,i,0xISID</c>.</summary>
    public static byte[] Write(string initiatorPort)
    {
        byte[] name = Encoding.UTF8.GetBytes(initiatorPort);
        byte[] id = new byte[HeaderBytes + Math.Max(MinNameBytes, (name.Length + 4) & ~3)];
        id[0] = PortFormat | ProtocolIscsi;
        BinaryPrimitives.WriteUInt16BigEndian(id.AsSpan(2), (ushort)(id.Length - HeaderBytes));
        name.CopyTo(id, HeaderBytes);
        return id;
    }

    /// <summary>
    /// Reads the TransportID at the front of <paramref name="list"/>: its length in bytes and its name, that of a port, or of a device
    /// without a port. False where it is none of iSCSI or is cut off.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> list, out int lengthBytes, out string name, out bool isPort)
    {
        lengthBytes = 0;
        name = "";
        isPort = false;
        if (list.Length < HeaderBytes || (list[0] & 0x0F) != ProtocolIscsi || (list[0] & 0xC0) is not (DeviceFormat or PortFormat)) return false;
        int nameBytes = BinaryPrimitives.ReadUInt16BigEndian(list[2..]);
        if (nameBytes < MinNameBytes || nameBytes % 4 != 0 || nameBytes > list.Length - HeaderBytes) return false;
        ReadOnlySpan<byte> field = list.Slice(HeaderBytes, nameBytes);
        int end = field.IndexOf((byte)0);
        if (end <= 0) return false;
        lengthBytes = HeaderBytes + nameBytes;
        name = Encoding.UTF8.GetString(field[..end]).ToLowerInvariant();
        isPort = (list[0] & 0xC0) == PortFormat;
        return name.Contains(",i,0x", StringComparison.Ordinal) == isPort;
    }
}
