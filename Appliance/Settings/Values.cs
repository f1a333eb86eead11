using System.Net;
using System.Text.RegularExpressions;

namespace Lunaria.Appliance.Settings;

/// <summary>
/// The kinds of text in appliance.json and on the command line. Each turns text into a value or throws FormatException that continues
/// the sentence begun by the value: "is not a portal: write ...". Pure; any thread.
/// </summary>
internal static partial class Values
{
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

    /// <summary>The path of a file or directory, as written.</summary>
    public static string FilePath(string text) =>
        text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal) ? text : throw new FormatException("is not a path: write the path of a file or directory");

    /// <summary>Where an encryption key is, as written.</summary>
    public static string KeySource(string text) =>
        Backends.Sealing.KeySource.Parse(text, "/") is not null ? text : throw new FormatException($"does not say where a key is: write {Backends.Sealing.KeySource.Form}, never the key");

    /// <summary>Where the API listens, or "off" (null).</summary>
    public static IPEndPoint? WebListen(string text) => text == "off" ? null : EndPoint(text);

    /// <summary>The address of a store: http or https, a host, maybe a port, and no path.</summary>
    public static Uri WebAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
        && address is { PathAndQuery: "/", Fragment: "", UserInfo: "", Host.Length: > 0 }
            ? address
            : throw new FormatException("is not the address of a server: write \"https://host\" or \"http://host:port\", without a path");

    /// <summary>A web address, with whatever path.</summary>
    public static Uri WebTarget(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && address is { Fragment: "", UserInfo: "", Host.Length: > 0 }
            ? address
            : throw new FormatException("is not a web address: write \"https://host/path\", without a name and password");

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

    [GeneratedRegex(@"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z")]
    private static partial Regex BucketForm();

    [GeneratedRegex(@"^(?=.{1,128}\z)[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*\z")]
    private static partial Regex PrefixForm();
}
