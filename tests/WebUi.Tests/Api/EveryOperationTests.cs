using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lunaria.Testing;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>What must hold for every operation of the OpenAPI document, also for those to come.</summary>
[TestClass]
public sealed class EveryOperationTests
{
    private const string Iqn = "iqn.2026-11.test:t";

    /// <summary>Operations for everybody.</summary>
    private static readonly string[] Public = ["whoAmI", "logIn", "setUp"];

    [TestMethod]
    public async Task The_document_has_every_endpoint_with_a_summary()
    {
        await using var appliance = await TestAppliance.StartAsync();
        var operations = await ApiOperation.ReadAsync(appliance);
        Assert.IsGreaterThan(30, operations.Count);
        Assert.AreEqual(operations.Count, operations.Select(operation => operation.Id).Distinct().Count());
        foreach (var operation in operations)
        {
            var described = operation.Document.GetProperty("paths").GetProperty(operation.Path).GetProperty(operation.Method.Method.ToLowerInvariant());
            Assert.IsGreaterThan(5, described.GetProperty("summary").GetString()!.Length, operation.Id);
            Assert.IsTrue(described.GetProperty("responses").TryGetProperty("default", out _), operation.Id);
        }
    }

    [TestMethod]
    public async Task Nobody_gets_in_without_a_valid_token_and_a_reader_changes_nothing()
    {
        var time = new ManualTime();
        await using var appliance = await TestAppliance.StartAsync(time);
        var expired = await MakeTokenAsync(appliance, "expired", 1, "read", "volumes", "targets", "system");
        time.Advance(TimeSpan.FromDays(2));
        var reader = await MakeTokenAsync(appliance, "reader", 30, "read");
        var walked = 0;
        foreach (var operation in await ApiOperation.ReadAsync(appliance))
        {
            if (Public.Contains(operation.Id))
                continue;
            foreach (var (who, token) in new[] { ("nobody", null), ("wrong", "lun_" + new string('x', 43)), ("garbage", "\t"), ("expired", expired), ("half", appliance.AdministratorToken[..20]) })
                Assert.AreEqual(HttpStatusCode.Unauthorized, await AskAsync(appliance, operation, token), $"{operation.Id} as {who}");
            var asReader = await AskAsync(appliance, operation, reader);
            var mayRead = operation.Method == HttpMethod.Get && !operation.Path.Contains("/users", StringComparison.Ordinal)
                && !operation.Path.Contains("/tokens", StringComparison.Ordinal) && !operation.Path.Contains("/audit", StringComparison.Ordinal) && !operation.Path.EndsWith("/export", StringComparison.Ordinal)
                && !operation.Path.Contains("/support", StringComparison.Ordinal);
            if (mayRead || operation.Id == "logOut")
                Assert.AreNotEqual(HttpStatusCode.Forbidden, asReader, operation.Id);
            else
                Assert.AreEqual(HttpStatusCode.Forbidden, asReader, $"{operation.Id} as a reader");
            walked++;
        }

        Assert.IsGreaterThan(30, walked);
        Assert.IsEmpty(appliance.Manager.Volumes);
    }

    [TestMethod]
    public async Task No_input_is_a_defect()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "v", sizeBytes = 1 << 20 });
        await appliance.SendAsync(HttpMethod.Post, "targets", new { iqn = Iqn, initiators = new[] { "*" } });
        var operations = (await ApiOperation.ReadAsync(appliance)).Where(operation => operation.Id is not "streamEvents" and not "logOut").ToArray();
        var seed = Seed.One();
        var random = new Random(seed);
        for (var i = 0; i < 1500; i++)
        {
            var operation = operations[random.Next(operations.Length)];
            var path = operation.Fill(name => Text(random, name));
            if (random.Next(4) == 0)
                path += $"?{Text(random, "q")}={Uri.EscapeDataString(Text(random, "q"))}&limit={Text(random, "n")}&force=maybe";
            using var request = new HttpRequestMessage(operation.Method, path);
            string? body = null;
            if (operation.Schema is { } schema)
            {
                body = random.Next(10) == 0 ? Text(random, "raw") : Value(random, operation, schema, depth: 0)?.ToJsonString() ?? "null";
                request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(random.Next(20) == 0 ? "text/plain" : "application/json"));
            }

            using var response = await appliance.Client.SendAsync(request);
            var answer = await response.Content.ReadAsStringAsync();
            var what = $"seed {seed}: {operation.Method} {path} {body} -> {(int)response.StatusCode} {answer}";
            Assert.IsLessThan(500, (int)response.StatusCode, what);
            // A request line that is too long is refused before the API sees it, and without words.
            if ((int)response.StatusCode >= 400 && response.StatusCode != HttpStatusCode.RequestUriTooLong)
                StringAssert.Contains(answer, "\"urn:lunaria:problem:", what);
        }
    }

    private static async Task<string> MakeTokenAsync(TestAppliance appliance, string name, int days, params string[] scopes) =>
        (await appliance.SendAsync(HttpMethod.Post, "tokens", new { name, scopes, days })).Answer.GetProperty("secret").GetString()!;

    private static async Task<HttpStatusCode> AskAsync(TestAppliance appliance, ApiOperation operation, string? token)
    {
        using var client = appliance.Connect(null);
        using var request = new HttpRequestMessage(operation.Method, operation.Fill(name => name == "lun" ? "0" : "x"));
        if (token != null)
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        if (operation.Schema != null)
            request.Content = new StringContent("{}", Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return response.StatusCode;
    }

    /// <summary>A value that mostly fits the schema, and sometimes is of another kind, empty, huge or absent.</summary>
    private static JsonNode? Value(Random random, ApiOperation operation, JsonElement schema, int depth)
    {
        var wild = random.Next(12);
        if (wild == 0)
            return null;
        if (wild == 1 || depth > 4)
            return random.Next(5) switch { 0 => JsonValue.Create(random.NextInt64()), 1 => JsonValue.Create(Text(random, "w")), 2 => new JsonArray(), 3 => new JsonObject(), _ => JsonValue.Create(true) };
        var resolved = operation.Resolve(schema);
        if (resolved.TryGetProperty("properties", out var properties))
        {
            var made = new JsonObject();
            foreach (var property in properties.EnumerateObject().Where(_ => random.Next(8) > 0))
                made[property.Name] = Value(random, operation, property.Value, depth + 1);
            if (random.Next(10) == 0)
                made[Text(random, "extra")] = 1;
            return made;
        }

        var type = resolved.TryGetProperty("type", out var named) ? named.ToString() : "";
        if (type.Contains("array", StringComparison.Ordinal))
            return new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, operation, resolved.GetProperty("items"), depth + 1))]);
        if (type.Contains("integer", StringComparison.Ordinal))
            return JsonValue.Create(random.Next(6) switch { 0 => -1, 1 => long.MaxValue, 2 => 0, 3 => 1L << 20, 4 => random.Next(100), _ => random.NextInt64() });
        if (type.Contains("boolean", StringComparison.Ordinal))
            return JsonValue.Create(random.Next(2) == 0);
        return JsonValue.Create(Text(random, "s"));
    }

    private static string Text(Random random, string name) => random.Next(9) switch
    {
        0 => name,
        1 => "v",
        2 => Iqn,
        3 => "0",
        4 => "\u0001\u0007",
        5 => "../../etc/passwd",
        6 => new string('a', random.Next(1, 3000)),
        7 => "'; DROP TABLE targets; --",
        _ => "\ud83d\ude00 \u00e9",
    };
}
