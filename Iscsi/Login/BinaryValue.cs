using System.Diagnostics.CodeAnalysis;

namespace Lunaria.Iscsi.Login;

/// <summary>Binary values in text keys: <c>0x</c> hexadecimal or <c>0b</c> Base64 (RFC 7143 6.1).</summary>
internal static class BinaryValue
{
    /// <summary>Longest binary value, bytes (RFC 7143 12.1.3).</summary>
    public const int MaxLengthBytes = 1024;

    public static bool TryParse(string text, [NotNullWhen(true)] out byte[]? value)
    {
        value = null;
        if (text.Length < 3 || text[0] != '0') return false;
        ReadOnlySpan<char> digits = text.AsSpan(2);
        switch (text[1])
        {
            case 'x' or 'X':
                // An odd number of digits leaves out a leading zero.
                string even = digits.Length % 2 == 0 ? digits.ToString() : $"0{digits}";
                byte[] bytes = new byte[even.Length / 2];
                if (bytes.Length > MaxLengthBytes
                    || Convert.FromHexString(even, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
                    return false;
                value = bytes;
                return true;
            case 'b' or 'B':
                byte[] decoded = new byte[(digits.Length / 4 * 3) + 3];
                if (!Convert.TryFromBase64Chars(digits, decoded, out int length) || length is 0 or > MaxLengthBytes) return false;
                value = decoded[..length];
                return true;
            default:
                return false;
        }
    }

    public static string Format(ReadOnlySpan<byte> value, bool base64) =>
        base64 ? "0b" + Convert.ToBase64String(value) : "0x" + Convert.ToHexStringLower(value);

    public static bool IsBase64(string text) => text.StartsWith("0b", StringComparison.OrdinalIgnoreCase);
}
