using System.Text;

namespace Lunaria.Iscsi.Pdu;

/// <summary>The text format of login and text PDUs: <c>key=value</c> pairs, each closed by a zero byte (RFC 7143 6.1).</summary>
internal static class TextKeys
{
    /// <summary>Longest key name (RFC 7143 6.1).</summary>
    public const int MaxKeyLength = 63;

    /// <summary>Splits a complete text; false when it is malformed: no '=', an empty or overlong key, no closing zero.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, List<KeyValuePair<string, string>> pairs)
    {
        while (!text.IsEmpty)
        {
            int end = text.IndexOf((byte)0);
            if (end < 0) return false;
            ReadOnlySpan<byte> pair = text[..end];
            text = text[(end + 1)..];
            // A run of zero bytes is padding that some initiators count into the data segment.
            if (pair.IsEmpty) continue;
            int separator = pair.IndexOf((byte)'=');
            if (separator is <= 0 or > MaxKeyLength) return false;
            pairs.Add(new(Encoding.UTF8.GetString(pair[..separator]), Encoding.UTF8.GetString(pair[(separator + 1)..])));
        }
        return true;
    }

    /// <summary>The wire form of <paramref name="pairs"/>.</summary>
    public static byte[] Format(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        StringBuilder text = new();
        foreach ((string key, string value) in pairs) text.Append(key).Append('=').Append(value).Append('\0');
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
