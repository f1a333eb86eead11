using System.Text;

namespace Lunaria.Iscsi;

/// <summary>Syntax of iSCSI names (RFC 7143 4.2.7).</summary>
public static class IscsiName
{
    /// <summary>Longest name, bytes.</summary>
    public const int MaxLengthBytes = 223;

    private static readonly string[] Prefixes = ["iqn.", "eui.", "naa."];

    /// <summary>Throws <see cref="ArgumentException"/> that says what is wrong with <paramref name="name"/>.</summary>
    public static void Check(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (Encoding.UTF8.GetByteCount(name) > MaxLengthBytes)
            throw new ArgumentException($"The iSCSI name {name} is longer than {MaxLengthBytes} bytes.");
        if (!Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            throw new ArgumentException($"The iSCSI name {name} does not begin with iqn., eui. or naa.");
        foreach (char letter in name)
            if (letter is not ('-' or '.' or ':') && !char.IsLetterOrDigit(letter))
                throw new ArgumentException($"The iSCSI name {name} contains '{letter}'; letters, digits, '-', '.' and ':' are allowed.");
    }
}
