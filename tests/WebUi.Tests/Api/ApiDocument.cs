using System.Net.Http.Json;
using System.Text.Json;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>One operation of the served OpenAPI document. <paramref name="Schema"/>: of its request, null where it takes none.</summary>
internal sealed record ApiOperation(HttpMethod Method, string Path, string Id, IReadOnlyList<string> Parameters, JsonElement? Schema, JsonElement Document)
{
    /// <summary>The path with every parameter in braces replaced.</summary>
    public string Fill(Func<string, string> value)
    {
        var path = Path;
        foreach (var name in Parameters)
            path = path.Replace($"{{{name}}}", Uri.EscapeDataString(value(name)), StringComparison.Ordinal);
        return path;
    }

    /// <summary>Every operation of the document that an appliance serves.</summary>
    public static async Task<IReadOnlyList<ApiOperation>> ReadAsync(TestAppliance appliance)
    {
        var document = await appliance.Client.GetFromJsonAsync<JsonElement>("/api/v1/openapi.json");
        var operations = new List<ApiOperation>();
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                JsonElement? schema = operation.Value.TryGetProperty("requestBody", out var body)
                    ? body.GetProperty("content").GetProperty("application/json").GetProperty("schema")
                    : null;
                string[] parameters = operation.Value.TryGetProperty("parameters", out var list)
                    ? [.. list.EnumerateArray().Where(parameter => parameter.GetProperty("in").GetString() == "path").Select(parameter => parameter.GetProperty("name").GetString()!)]
                    : [];
                operations.Add(new ApiOperation(
                    new HttpMethod(operation.Name.ToUpperInvariant()), path.Name, operation.Value.GetProperty("operationId").GetString()!, parameters, schema, document));
            }
        }

        return operations;
    }

    /// <summary>A schema with its reference followed.</summary>
    public JsonElement Resolve(JsonElement schema)
    {
        if (schema.TryGetProperty("$ref", out var reference))
            return Resolve(Document.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]));
        if (schema.TryGetProperty("oneOf", out var choices))
            return Resolve(choices.EnumerateArray().Last());
        return schema;
    }
}
