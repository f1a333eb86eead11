using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Lunaria.Iscsi.Login;

/// <summary>Addresses that begin alike: <c>10.1.0.0/16</c>, <c>2001:db8::/32</c>, or a single one. Immutable.</summary>
public sealed record AddressRange
{
    private readonly IPNetwork network;

    private AddressRange(IPNetwork network) => this.network = network;

    /// <summary>
    /// Reads an IPv4 or IPv6 address, with or without <c>/LENGTH</c>; bits behind the length do not count. False where it is none: IPv4 takes four plain decimal
    /// numbers, and neither a scope nor an IPv4 address written as IPv6 is taken.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out AddressRange? range)
    {
        range = null;
        string[] parts = text.Split('/');
        if (parts.Length > 2 || parts[0].Contains('%', StringComparison.Ordinal) || !IPAddress.TryParse(parts[0], out IPAddress? address) || address.IsIPv4MappedToIPv6) return false;
        if (address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != parts[0]) return false;
        byte[] bytes = address.GetAddressBytes();
        int length = bytes.Length * 8;
        if (parts.Length == 2 && (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > bytes.Length * 8)) return false;
        for (int i = 0; i < bytes.Length; i++) bytes[i] &= (byte)(0xFF00 >> Math.Clamp(length - (i * 8), 0, 8));
        range = new(new IPNetwork(new IPAddress(bytes), length));
        return true;
    }

    /// <summary>True where the address, which may be an IPv4 address written as IPv6, is one of these.</summary>
    public bool Contains(IPAddress address) => network.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    /// <summary>As <see cref="TryParse"/> reads it; a single address without a length.</summary>
    public override string ToString() =>
        network.PrefixLength == network.BaseAddress.GetAddressBytes().Length * 8 ? network.BaseAddress.ToString() : network.ToString();
}
