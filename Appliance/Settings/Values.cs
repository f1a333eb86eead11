using System.Net;
using System.Text.RegularExpressions;

namespace Lunaria.Appliance.Settings;

/// <summary>
/// The kinds of text in appliance.json and on the command line. Each turns text into a value or throws FormatException that continues
/// the sentence begun by the value: "is not a portal: write ...". Pure; any thread.
/// </summary>
internal static partial class Values
{
    /// <summary>RFC 7143 4.2.7.1: an iSCSI name has at most 223 bytes.</summary>
    private const int MaxIscsiNameLength = 223;

    /// <summary>An address and a port; IPv6 in brackets. Port 0 = any free one.</summary>
    public static IPEndPoint EndPoint(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon > 0 && colon < text.Length - 1 && text[colon - 1] != ':'
            && (text[0] == '[') == (text[colon - 1] == ']') && (text[0] == '[' || !text[..colon].Contains(':', StringComparison.Ordinal))
            && IPEndPoint.TryParse(text, out var endPoint) && text[(colon + 1)..].All(char.IsAsciiDigit))
            return endPoint;
        throw new FormatException("is not an address with a port: write \"192.0.2.1:3260\", \"[2001:db8::1]:3260\" or \"0.0.0.0:3260\"");
    }

    /// <summary>An amount of bytes in a range, a multiple of <paramref name="multiple"/>.</summary>
    public static ByteSize Size(string text, ByteSize min, ByteSize max, ByteSize multiple)
    {
        if (!ByteSize.TryParse(text, out var size))
            throw new FormatException("is not a size: write a number with a unit (KiB, MiB, GiB, TiB or kB, MB, GB, TB), like \"64GiB\"");
        if (size.CompareTo(min) < 0 || size.CompareTo(max) > 0)
            throw new FormatException($"is out of range: allowed are {min} to {max}");
        return size.Bytes % multiple.Bytes == 0 ? size : throw new FormatException($"is not a multiple of {multiple}: write {RoundUp(size, multiple)}");
    }

    /// <summary>A span of time in a range.</summary>
    public static Duration Duration(string text, Duration min, Duration max)
    {
        if (!Settings.Duration.TryParse(text, out var duration))
            throw new FormatException("is not a duration: write a number with a unit (ms, s, min or h), like \"30s\"");
        return duration.CompareTo(min) >= 0 && duration.CompareTo(max) <= 0
            ? duration
            : throw new FormatException($"is out of range: allowed are {min} to {max}");
    }

    /// <summary>The name of an iSCSI target in one of the three forms of RFC 7143 4.2.7, in lower case as they are compared.</summary>
    public static string IscsiName(string text) =>
        text.Length <= MaxIscsiNameLength && (IqnForm().IsMatch(text) || EuiForm().IsMatch(text) || NaaForm().IsMatch(text))
            ? text
            : throw new FormatException("is not an iSCSI name: write \"iqn.YYYY-MM.reversed.domain:anything\" in lower case letters, digits, '-', '.' and ':', at most 223");

    /// <summary>A name of a volume.</summary>
    public static string VolumeName(string text) =>
        VolumeForm().IsMatch(text)
            ? text
            : throw new FormatException("is not a volume name: write 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.', beginning with a letter or digit");

    /// <summary>The path of a file or directory, as written.</summary>
    public static string FilePath(string text) =>
        text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal) ? text : throw new FormatException("is not a path: write the path of a file or directory");

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

    /// <summary>Where the web interface listens: an address of this machine's loopback, or "off" (null).</summary>
    public static IPEndPoint? WebListen(string text)
    {
        if (text == "off")
            return null;
        var endPoint = EndPoint(text);
        return IPAddress.IsLoopback(endPoint.Address)
            ? endPoint
            : throw new FormatException("is not on the loopback: the status page knows no log-in, write \"127.0.0.1:8480\", \"[::1]:8480\" or \"off\"");
    }

    /// <summary>The address of a store: http or https, a host, maybe a port, and no path.</summary>
    public static Uri WebAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
        && address is { PathAndQuery: "/", Fragment: "", UserInfo: "", Host.Length: > 0 }
            ? address
            : throw new FormatException("is not the address of a store: write \"https://host\" or \"http://host:port\", without a path");

    /// <summary>The name of a bucket.</summary>
    public static string BucketName(string text) =>
        BucketForm().IsMatch(text)
            ? text
            : throw new FormatException("is not a bucket name: write 3 to 63 of a-z, 0-9, '-' and '.', beginning and ending with a letter or digit");

    /// <summary>What names of objects begin with; "" = nothing.</summary>
    public static string KeyPrefix(string text) =>
        text.Length == 0 || PrefixForm().IsMatch(text)
            ? text
            : throw new FormatException("is not a prefix: write up to 128 of a-z, 0-9, '-', '_', '.' and '/' between them, like \"site/pool1\"");

    /// <summary>The region of a store.</summary>
    public static string Region(string text) =>
        text.Length is >= 1 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? text
            : throw new FormatException("is not a region: write letters, digits and '-', like \"us-east-1\"");

    /// <summary>A section of a credentials file.</summary>
    public static string ProfileName(string text) =>
        text.Length is >= 1 and <= 64 && text.All(c => c is > ' ' and <= '~' and not '[' and not ']')
            ? text
            : throw new FormatException("is not a section of a credentials file: write its name without brackets and blanks");

    private static ByteSize RoundUp(ByteSize size, ByteSize multiple) => new((size.Bytes / multiple.Bytes + 1) * multiple.Bytes);

    [GeneratedRegex(@"^iqn\.[0-9]{4}-(0[1-9]|1[0-2])\.[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[a-z0-9.:-]+)?\z")]
    private static partial Regex IqnForm();

    [GeneratedRegex(@"^eui\.[0-9a-f]{16}\z")]
    private static partial Regex EuiForm();

    [GeneratedRegex(@"^naa\.([0-9a-f]{16}|[0-9a-f]{32})\z")]
    private static partial Regex NaaForm();

    [GeneratedRegex(@"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z")]
    private static partial Regex BucketForm();

    [GeneratedRegex(@"^(?=.{1,128}\z)[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*\z")]
    private static partial Regex PrefixForm();

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}\z")]
    private static partial Regex VolumeForm();
}
