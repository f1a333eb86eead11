using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lunaria.Testing;
using Lunaria.WebUi.Endpoints;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>Who gets in: tokens, passwords, cookies.</summary>
[TestClass]
public sealed class AccessTests
{
    private const string Password = "correct horse";

    [TestMethod]
    public async Task Nothing_is_told_before_the_engine_is_open()
    {
        await using var appliance = await TestAppliance.StartAsync(ready: false);
        Assert.AreEqual("alive\n", await appliance.Client.GetStringAsync("/healthz"));
        Assert.AreEqual(HttpStatusCode.ServiceUnavailable, (await appliance.Client.GetAsync("/readyz")).StatusCode);
        Assert.AreEqual(HttpStatusCode.ServiceUnavailable, (await appliance.SendAsync(HttpMethod.Get, "volumes")).Status);
    }

    [TestMethod]
    public async Task A_page_of_elsewhere_cannot_read_it_by_rebinding_its_name()
    {
        await using var appliance = await TestAppliance.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz");
        request.Headers.Host = "evil.example";
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.Client.SendAsync(request)).StatusCode);
    }

    [TestMethod]
    public async Task A_token_does_what_its_scopes_say_until_it_expires_or_is_revoked()
    {
        var time = new ManualTime();
        await using var appliance = await TestAppliance.StartAsync(time);
        var (_, made) = await appliance.SendAsync(HttpMethod.Post, "tokens", new { name = "t", scopes = new[] { "read", "volumes" }, days = 2 });
        using var client = appliance.Connect(made.GetProperty("secret").GetString());
        Assert.AreEqual(HttpStatusCode.OK, (await client.GetAsync("/api/v1/volumes")).StatusCode);
        Assert.AreEqual(HttpStatusCode.Created, (await client.PostAsJsonAsync("/api/v1/volumes", new { name = "a", sizeBytes = 1 << 20 })).StatusCode);
        Assert.AreEqual(HttpStatusCode.Forbidden, (await client.PostAsJsonAsync("/api/v1/targets", new { iqn = "iqn.2026-11.test:x" })).StatusCode);
        Assert.AreEqual(HttpStatusCode.Forbidden, (await client.PostAsJsonAsync("/api/v1/tokens", new { name = "more" })).StatusCode);
        Assert.DoesNotContain(made.GetProperty("secret").GetString()!, await appliance.Client.GetStringAsync("/api/v1/tokens"));
        time.Advance(TimeSpan.FromDays(3));
        Assert.AreEqual(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/v1/volumes")).StatusCode);

        var (_, other) = await appliance.SendAsync(HttpMethod.Post, "tokens", new { name = "u" });
        using var second = appliance.Connect(other.GetProperty("secret").GetString());
        Assert.AreEqual(HttpStatusCode.OK, (await second.GetAsync("/api/v1/volumes")).StatusCode);
        Assert.AreEqual(HttpStatusCode.NoContent, (await appliance.SendAsync(HttpMethod.Delete, "tokens/u")).Status);
        Assert.AreEqual(HttpStatusCode.Unauthorized, (await second.GetAsync("/api/v1/volumes")).StatusCode);
    }

    [TestMethod]
    public async Task A_log_in_gives_a_strict_cookie_and_changes_need_the_antiforgery_header()
    {
        await using var appliance = await TestAppliance.StartAsync();
        using var page = appliance.Connect(null);
        Assert.IsTrue((await page.GetFromJsonAsync<JsonElement>("/api/v1/session")).GetProperty("firstRun").GetBoolean());
        await appliance.SendAsync(HttpMethod.Put, "users/admin", new { password = Password });
        using var login = await page.PostAsJsonAsync("/api/v1/session", new { name = "admin", password = Password });
        var setCookie = login.Headers.GetValues("Set-Cookie").Single();
        foreach (var attribute in (string[])["httponly", "secure", "samesite=strict", "path=/"])
            StringAssert.Contains(setCookie, attribute);
        var antiforgery = (await login.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("antiforgery").GetString()!;
        page.DefaultRequestHeaders.Add("Cookie", setCookie.Split(';')[0]);
        var who = await page.GetFromJsonAsync<JsonElement>("/api/v1/session");
        Assert.AreEqual("admin", who.GetProperty("name").GetString());
        Assert.AreEqual(antiforgery, who.GetProperty("antiforgery").GetString());
        Assert.AreEqual(HttpStatusCode.Forbidden, (await page.PostAsJsonAsync("/api/v1/volumes", new { name = "a", sizeBytes = 1 << 20 })).StatusCode);
        page.DefaultRequestHeaders.Add(Authentication.AntiforgeryHeader, antiforgery);
        Assert.AreEqual(HttpStatusCode.Created, (await page.PostAsJsonAsync("/api/v1/volumes", new { name = "a", sizeBytes = 1 << 20 })).StatusCode);
        Assert.AreEqual(HttpStatusCode.NoContent, (await page.DeleteAsync("/api/v1/session")).StatusCode);
        Assert.AreEqual(HttpStatusCode.Unauthorized, (await page.GetAsync("/api/v1/volumes")).StatusCode);
    }

    [TestMethod]
    public async Task Guessing_is_slowed_down_and_tells_nothing()
    {
        var time = new ManualTime();
        await using var appliance = await TestAppliance.StartAsync(time);
        await appliance.SendAsync(HttpMethod.Put, "users/admin", new { password = Password });
        using var page = appliance.Connect(null);
        foreach (var name in (string[])["admin", "nobody"])
        {
            var answer = await page.PostAsJsonAsync("/api/v1/session", new { name, password = "wrong password" });
            Assert.AreEqual(HttpStatusCode.Unauthorized, answer.StatusCode);
            StringAssert.Contains(await answer.Content.ReadAsStringAsync(), "The name or the password is wrong.");
        }

        for (var i = 0; i < 3; i++)
            await page.PostAsJsonAsync("/api/v1/session", new { name = "admin", password = "wrong password" });
        using var refused = await page.PostAsJsonAsync("/api/v1/session", new { name = "admin", password = Password });
        Assert.AreEqual(HttpStatusCode.TooManyRequests, refused.StatusCode, "even with the right password");
        Assert.IsNotNull(refused.Headers.RetryAfter);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.AreEqual(HttpStatusCode.OK, (await page.PostAsJsonAsync("/api/v1/session", new { name = "admin", password = Password })).StatusCode);
    }

    [TestMethod]
    public async Task The_last_administrator_stays()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Put, "users/admin", new { password = Password });
        await appliance.SendAsync(HttpMethod.Put, "users/guest", new { password = Password, role = "readOnly" });
        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Delete, "users/admin")).Status);
        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Put, "users/admin", new { password = Password, role = "readOnly" })).Status);
        Assert.AreEqual(HttpStatusCode.NoContent, (await appliance.SendAsync(HttpMethod.Delete, "users/guest")).Status);
        foreach (var file in Directory.EnumerateFiles(appliance.DataDirectory, "lunaria.db*"))
            Assert.DoesNotContain(Password, System.Text.Encoding.Latin1.GetString(ReadShared(file)));
    }

    [TestMethod]
    public async Task Every_answer_carries_the_security_headers()
    {
        await using var appliance = await TestAppliance.StartAsync();
        foreach (var path in (string[])["/healthz", "/api/v1/volumes", "/api/v1/none"])
        {
            using var response = await appliance.Client.GetAsync(path);
            Assert.AreEqual("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            StringAssert.Contains(response.Headers.GetValues("Content-Security-Policy").Single(), "default-src 'none'");
            Assert.AreEqual("no-store", response.Headers.CacheControl!.ToString());
            Assert.IsEmpty(response.Headers.Server);
        }
    }

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var copy = new MemoryStream();
        file.CopyTo(copy);
        return copy.ToArray();
    }
}
