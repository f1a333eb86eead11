using System.Buffers.Binary;

namespace Lunaria.Iscsi.Pdu;

/// <summary>Additional header segments of a SCSI Command (RFC 7143 11.2.2): checked, so that nothing unknown is passed over.</summary>
internal static class AdditionalHeaders
{
    private const byte ExtendedCdb = 1, ReadLength = 2;
    private const int PrefixBytes = 3, ReadLengthBytes = 5;

    /// <summary>First operation code of the CDBs that have a length field of their own (SPC-4 4.2.3).</summary>
    private const byte FirstVariableLength = 0x7E, LastVariableLength = 0x7F;

    /// <summary>
    /// True where all segments are of a known type and fit: an extended CDB only for an operation code that may have one, an expected read
    /// length of a bidirectional command. No command offered here needs either.
    /// </summary>
    public static bool AreValid(ReadOnlySpan<byte> segments, byte operationCode)
    {
        while (!segments.IsEmpty)
        {
            if (segments.Length < PrefixBytes) return false;
            int length = BinaryPrimitives.ReadUInt16BigEndian(segments);
            byte type = segments[2];
            int padded = BasicHeader.Padded(PrefixBytes + length);
            bool known = type switch
            {
                ExtendedCdb => length > 1 && operationCode is (FirstVariableLength or LastVariableLength),
                ReadLength => length == ReadLengthBytes,
                _ => false,
            };
            if (!known || padded > segments.Length) return false;
            segments = segments[padded..];
        }
        return true;
    }
}
