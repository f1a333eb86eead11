using System.Text;
using System.Text.Json;

namespace Lunaria.Appliance.Settings;

/// <summary>
/// Changes single values in the text of appliance.json and leaves all else as its author wrote it: comments, order, indentation. The text must be right
/// (<see cref="SettingsReader"/>). Stateless; any thread.
/// </summary>
internal static class SettingsEditor
{
    private const string Step = "  ";

    private static readonly JsonReaderOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 16 };

    /// <summary>
    /// The text with another value of <paramref name="key"/> (names joined by dots), as JSON; null takes the key out, so that its default holds.
    /// </summary>
    public static byte[] Set(byte[] text, string key, string? value)
    {
        var names = key.Split('.');
        var reader = new Utf8JsonReader(text, Lenient);
        reader.Read();
        for (var depth = 0; ; depth++)
        {
            var opened = (int)reader.BytesConsumed;
            if (!Find(ref reader, names[depth], out var nameStart))
                return value == null ? text : Insert(text, opened, depth, names[depth..], value, isEmpty: reader.TokenType == JsonTokenType.EndObject && IsEmpty(text, opened));
            if (depth < names.Length - 1)
                continue;
            var valueStart = (int)reader.TokenStartIndex;
            reader.Skip();
            var valueEnd = (int)reader.BytesConsumed;
            return value == null ? Remove(text, nameStart, valueEnd) : [.. text[..valueStart], .. Encoding.UTF8.GetBytes(value), .. text[valueEnd..]];
        }
    }

    /// <summary>From the start of an object to the value of one of its properties; false at the end of the object.</summary>
    private static bool Find(ref Utf8JsonReader reader, string name, out int nameStart)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            nameStart = (int)reader.TokenStartIndex;
            var isIt = reader.ValueTextEquals(name);
            reader.Read();
            if (isIt)
                return true;
            reader.Skip();
        }

        nameStart = 0;
        return false;
    }

    private static bool IsEmpty(byte[] text, int opened)
    {
        var reader = new Utf8JsonReader(text.AsSpan(opened - 1), Lenient);
        reader.Read();
        return reader.Read() && reader.TokenType == JsonTokenType.EndObject;
    }

    /// <summary>Puts a property, in objects of its own where <paramref name="names"/> are several, first into the object that begins before <paramref name="opened"/>.</summary>
    private static byte[] Insert(byte[] text, int opened, int depth, string[] names, string value, bool isEmpty)
    {
        var property = value;
        for (var i = names.Length - 1; i >= 0; i--)
            property = i == names.Length - 1 ? $"\"{names[i]}\": {property}" : $"\"{names[i]}\": {{ {property} }}";
        var isOneLine = !text.AsSpan(opened).TrimStart(" \t\r"u8).StartsWith("\n"u8);
        var before = isOneLine ? " " : "\n" + string.Concat(Enumerable.Repeat(Step, depth + 1));
        return [.. text[..opened], .. Encoding.UTF8.GetBytes($"{before}{property}{(isEmpty ? isOneLine ? " " : "" : ",")}"), .. text[opened..]];
    }

    /// <summary>Takes a property out with the comma behind it; one before it may stay, the reader bears it.</summary>
    private static byte[] Remove(byte[] text, int start, int end)
    {
        var rest = text.AsSpan(end);
        var behind = rest.TrimStart(" \t\r\n"u8);
        if (behind.StartsWith(","u8))
            end += rest.Length - behind.Length + 1;
        // A line that held nothing else goes as a whole.
        var lineStart = text.AsSpan(0, start).LastIndexOf((byte)'\n');
        var tail = text.AsSpan(end).TrimStart(" \t\r"u8);
        if (lineStart >= 0 && text.AsSpan(lineStart, start - lineStart).Trim(" \t\r\n"u8).IsEmpty && tail.StartsWith("\n"u8))
            (start, end) = (lineStart, text.Length - tail.Length);
        else if (text[start - 1] == ' ' && text[end] == ' ')
            start--;
        return [.. text[..start], .. text[end..]];
    }
}
