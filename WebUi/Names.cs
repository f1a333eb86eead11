using System.Net;
using System.Text.RegularExpressions;

namespace Lunaria.WebUi;

/// <summary>
/// What names and secrets of the administration look like, the same in appliance.json, API and command line. Each rule gives the text back or
/// throws FormatException that continues the sentence begun by the value: "is not a volume name: write ...". Pure; any thread.
/// </summary>
public static partial class Names
{
    /// <summary>The name that stands for every initiator.</summary>
    public const string Everybody = "*";

    /// <summary>RFC 7143 4.2.7.1: an iSCSI name has at most 223 bytes.</summary>
    private const int MaxIscsiNameLength = 223;

    /// <summary>The name of an iSCSI target or initiator in one of the three forms of RFC 7143 4.2.7, in lower case as they are compared.</summary>
    public static string IscsiName(string text) =>
        text.Length <= MaxIscsiNameLength && (IqnForm().IsMatch(text) || EuiForm().IsMatch(text) || NaaForm().IsMatch(text))
            ? text
            : throw new FormatException("is not an iSCSI name: write \"iqn.YYYY-MM.reversed.domain:anything\" in lower case letters, digits, '-', '.' and ':', at most 223");

    /// <summary>Initiators: an iSCSI name, the beginning of one followed by *, or <see cref="Everybody"/>.</summary>
    public static string Initiator(string text) =>
        text == Everybody || (text.Length <= MaxIscsiNameLength && BeginningForm().IsMatch(text)) ? text : IscsiName(text);

    /// <summary>Addresses of hosts: one, or all that begin alike.</summary>
    public static string AddressRange(string text) =>
        Iscsi.Login.AddressRange.TryParse(text, out var range)
            ? range.ToString()
            : throw new FormatException("is neither an address nor a range of them: write 10.1.2.3, 10.1.0.0/16, 2001:db8::5 or 2001:db8::/32");

    /// <summary>A portal: an address and a port, IPv6 in brackets.</summary>
    public static string Portal(string text) =>
        HostForm().IsMatch(text) && IPEndPoint.TryParse(text, out var portal) && portal.Port > 0
            ? portal.ToString()
            : throw new FormatException("is not a portal: write \"192.0.2.1:3260\" or \"[2001:db8::1]:3260\"");

    /// <summary>A host and a port as hosts are told: a name or an address, IPv6 in brackets.</summary>
    public static string HostAndPort(string text) =>
        text.Length <= 255 && HostForm().Match(text) is { Success: true } match && ushort.TryParse(match.Groups["port"].ValueSpan, out var port) && port > 0
        && (text[0] != '[' || IPAddress.TryParse(match.Groups["host"].ValueSpan, out _))
            ? text
            : throw new FormatException("is not a host with a port: write \"192.0.2.1:3260\", \"[2001:db8::1]:3260\" or \"storage.example.com:3260\"");

    /// <summary>A name of a volume.</summary>
    public static string VolumeName(string text) =>
        PlainForm().IsMatch(text)
            ? text
            : throw new FormatException("is not a volume name: write 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.', beginning with a letter or digit");

    /// <summary>A name of a user or a token.</summary>
    public static string Plain(string text) =>
        PlainForm().IsMatch(text)
            ? text
            : throw new FormatException("is not a name: write 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.', beginning with a letter or digit");

    /// <summary>A CHAP user name (RFC 7143 12.1.3: CHAP_N).</summary>
    public static string ChapUser(string text) =>
        text.Length is >= 1 and <= 255 && text.All(c => c is > ' ' and <= '~')
            ? text
            : throw new FormatException("is not a CHAP user: write 1 to 255 printable ASCII characters without blanks");

    /// <summary>A CHAP secret: long enough for RFC 7143 9.2.1 (96 bits), short enough for every initiator (Windows takes 12 to 16).</summary>
    public static string ChapSecret(string text) =>
        text.Length is >= 12 and <= 128 && text.All(c => c is >= ' ' and <= '~')
            ? text
            : throw new FormatException("is not a CHAP secret: write 12 to 128 printable ASCII characters (Windows takes 12 to 16)");

    /// <summary>A password of a person.</summary>
    public static string Password(string text) =>
        text.Length is >= 8 and <= 128 && !text.Any(char.IsControl)
            ? text
            : throw new FormatException("is not a password: write 8 to 128 characters");

    [GeneratedRegex(@"^iqn\.[0-9]{4}-(0[1-9]|1[0-2])\.[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[a-z0-9.:-]+)?\z")]
    private static partial Regex IqnForm();

    [GeneratedRegex(@"^eui\.[0-9a-f]{16}\z")]
    private static partial Regex EuiForm();

    [GeneratedRegex(@"^naa\.([0-9a-f]{16}|[0-9a-f]{32})\z")]
    private static partial Regex NaaForm();

    [GeneratedRegex(@"^(iqn\.[a-z0-9.:-]*|eui\.[0-9a-f]*|naa\.[0-9a-f]*)\*\z")]
    private static partial Regex BeginningForm();

    [GeneratedRegex(@"^(?<host>[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\]):(?<port>[0-9]{1,5})\z")]
    private static partial Regex HostForm();

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}\z")]
    private static partial Regex PlainForm();
}
