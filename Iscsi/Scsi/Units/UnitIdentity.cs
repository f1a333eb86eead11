using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>The names of a logical unit, derived from its identity once and the same for ever. Immutable.</summary>
internal sealed class UnitIdentity
{
    private readonly byte[] naa = new byte[16];

    /// <summary>The names of a unit with these options.</summary>
    public UnitIdentity(LogicalUnitOptions options)
    {
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(options.Identity.ToByteArray(bigEndian: true), digest);
        digest[..16].CopyTo(naa);
        // NAA 6h, company id, then 100 bits of the identity (SPC-4 7.8.6.6.5).
        uint company = options.CompanyId & 0xFFFFFF;
        BinaryPrimitives.WriteUInt32BigEndian(naa, 0x6000_0000 | (company << 4) | (uint)(naa[3] & 0x0F));
        SerialNumber = Ascii(options.SerialNumber ?? options.Identity.ToString("N"), 0);
        Vendor = Ascii(options.Vendor, 8);
        Product = Ascii(options.Product, 16);
        Revision = Ascii(options.Revision, 4);
        VendorSerial = [.. Vendor, .. SerialNumber];
    }

    /// <summary>NAA IEEE Registered Extended identifier, 16 bytes.</summary>
    public ReadOnlySpan<byte> Naa => naa;

    /// <summary>Unit serial number.</summary>
    public byte[] SerialNumber { get; }

    /// <summary>T10 vendor identification, 8 bytes.</summary>
    public byte[] Vendor { get; }

    /// <summary>The T10 vendor id based designator: vendor, then serial number (SPC-4 7.8.6.4).</summary>
    public byte[] VendorSerial { get; }

    /// <summary>Product identification, 16 bytes.</summary>
    public byte[] Product { get; }

    /// <summary>Product revision level, 4 bytes.</summary>
    public byte[] Revision { get; }

    /// <summary>Left-aligned ASCII, padded with spaces to and cut at <paramref name="length"/>; 0 = as long as it is (SPC-4 4.4.1).</summary>
    private static byte[] Ascii(string text, int length)
    {
        if (text.Any(character => character is < ' ' or > '~'))
            throw new ArgumentException($"'{text}' has characters that SCSI does not allow. Use printable ASCII (20h to 7Eh).");
        if (length == 0) return Encoding.ASCII.GetBytes(text);
        return Encoding.ASCII.GetBytes(text.Length > length ? text[..length] : text.PadRight(length));
    }
}
