using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lunaria.Appliance.Settings;

/// <summary>
/// What a value in appliance.json may be. The shapes form one table (<see cref="SettingsTable"/>) that both reads the file and
/// writes appliance.schema.json, so the two cannot differ. Immutable; any thread.
/// </summary>
internal abstract class Shape
{
    /// <summary>Reads a value; null where it is wrong, after telling <paramref name="errors"/>.</summary>
    public abstract object? Read(JsonElement value, string path, SettingsErrors errors);

    /// <summary>The JSON schema of the value.</summary>
    public abstract JsonObject ToSchema();

    /// <summary>What is allowed, as a sentence for people; "" where the schema itself says all.</summary>
    public virtual string Allowed => "";
}

/// <summary>
/// A string that <paramref name="parse"/> turns into a value; it throws FormatException with "is not ...; write ..." otherwise.
/// <paramref name="pattern"/> is the schema's (weaker) rule. A <paramref name="secret"/> never appears in an error.
/// </summary>
internal sealed class TextShape(Func<string, object> parse, string? pattern = null, bool secret = false) : Shape
{
    /// <summary>True where the value is never shown.</summary>
    public bool IsSecret => secret;

    /// <inheritdoc/>
    public override object? Read(JsonElement value, string path, SettingsErrors errors)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            errors.AddValue(path, value, "is not a string: write it in double quotes", secret);
            return null;
        }

        try
        {
            return parse(value.GetString()!);
        }
        catch (FormatException e)
        {
            errors.AddValue(path, value, e.Message, secret);
            return null;
        }
    }

    /// <inheritdoc/>
    public override JsonObject ToSchema()
    {
        var schema = new JsonObject { ["type"] = "string" };
        if (pattern != null)
            schema["pattern"] = pattern;
        return schema;
    }
}

/// <summary>An amount of bytes in a range, a multiple of <paramref name="multiple"/>.</summary>
internal sealed class SizeShape(ByteSize min, ByteSize max, ByteSize multiple) : Shape
{
    private readonly TextShape _text = new(text => Values.Size(text, min, max, multiple), ByteSize.Pattern);

    /// <inheritdoc/>
    public override string Allowed => $"A size from {min} to {max}, a multiple of {multiple}.";

    /// <inheritdoc/>
    public override object? Read(JsonElement value, string path, SettingsErrors errors) => _text.Read(value, path, errors);

    /// <inheritdoc/>
    public override JsonObject ToSchema() => _text.ToSchema();
}

/// <summary>A span of time in a range.</summary>
internal sealed class DurationShape(Duration min, Duration max) : Shape
{
    private readonly TextShape _text = new(text => Values.Duration(text, min, max), Duration.Pattern);

    /// <inheritdoc/>
    public override string Allowed => $"A duration from {min} to {max}.";

    /// <inheritdoc/>
    public override object? Read(JsonElement value, string path, SettingsErrors errors) => _text.Read(value, path, errors);

    /// <inheritdoc/>
    public override JsonObject ToSchema() => _text.ToSchema();
}

/// <summary>A whole number in a range.</summary>
internal sealed class NumberShape(int min, int max) : Shape
{
    /// <inheritdoc/>
    public override object? Read(JsonElement value, string path, SettingsErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max)
            return number;
        errors.AddValue(path, value, min == max ? $"is not possible; write {min}" : $"is not a whole number from {min} to {max}");
        return null;
    }

    /// <inheritdoc/>
    public override JsonObject ToSchema() => new() { ["type"] = "integer", ["minimum"] = min, ["maximum"] = max };
}

/// <summary>Yes or no.</summary>
internal sealed class SwitchShape : Shape
{
    /// <inheritdoc/>
    public override object? Read(JsonElement value, string path, SettingsErrors errors)
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        errors.AddValue(path, value, "is neither true nor false");
        return null;
    }

    /// <inheritdoc/>
    public override JsonObject ToSchema() => new() { ["type"] = "boolean" };
}

/// <summary>One of a few words.</summary>
internal sealed class ChoiceShape(params string[] words) : Shape
{
    /// <inheritdoc/>
    public override object? Read(JsonElement value, string path, SettingsErrors errors)
    {
        if (value.ValueKind == JsonValueKind.String && words.Contains(value.GetString()))
            return value.GetString();
        errors.AddValue(path, value, $"is not one of {string.Join(", ", words.Select(word => $"\"{word}\""))}");
        return null;
    }

    /// <inheritdoc/>
    public override JsonObject ToSchema() => new() { ["enum"] = new JsonArray([.. words.Select(word => JsonValue.Create(word))]) };
}

/// <summary>A list of values of one shape.</summary>
internal sealed class ListShape(Shape item, int min, int max) : Shape
{
    /// <summary>The shape of each value.</summary>
    public Shape Item => item;

    /// <inheritdoc/>
    public override object? Read(JsonElement value, string path, SettingsErrors errors)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            errors.AddValue(path, value, "is not a list: write [ ... ]");
            return null;
        }

        var count = value.GetArrayLength();
        if (count < min || count > max)
        {
            errors.Add(path, $"has {count} entries; allowed are {min} to {max}");
            return null;
        }

        var items = new List<object>(count);
        foreach (var element in value.EnumerateArray())
        {
            if (item.Read(element, $"{path}[{items.Count}]", errors) is { } read)
                items.Add(read);
            else
                items.Add(this); // Keeps the numbers of what follows; the errors stop the whole anyway.
        }

        return items;
    }

    /// <inheritdoc/>
    public override JsonObject ToSchema() =>
        new() { ["type"] = "array", ["items"] = item.ToSchema(), ["minItems"] = min, ["maxItems"] = max };
}
