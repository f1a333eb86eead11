using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lunaria.Testing;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>The first password: by code, once, and guessing is slowed down.</summary>
[TestClass]
public sealed class FirstRunTests
{
    private const string Password = "correct horse";

    [TestMethod]
    public async Task The_code_makes_the_first_administrator_and_no_second_one()
    {
        await using var appliance = await TestAppliance.StartAsync();
        var code = appliance.Services.FirstRun.Code!;
        using var page = appliance.Connect(null);
        using var wrong = await page.PostAsJsonAsync("/api/v1/session/first-run", new { code = "AAAA-AAAA-AAAA", password = Password });
        Assert.AreEqual(HttpStatusCode.Unauthorized, wrong.StatusCode);
        using var weak = await page.PostAsJsonAsync("/api/v1/session/first-run", new { code, password = "short" });
        Assert.AreEqual(HttpStatusCode.BadRequest, weak.StatusCode);
        using var right = await page.PostAsJsonAsync("/api/v1/session/first-run", new { code = code.ToLowerInvariant().Replace("-", "", StringComparison.Ordinal), password = Password });
        Assert.AreEqual(HttpStatusCode.OK, right.StatusCode);
        StringAssert.Contains(right.Headers.GetValues("Set-Cookie").Single(), "httponly");
        Assert.AreEqual("admin", (await right.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("name").GetString());
        Assert.IsNull(appliance.Services.FirstRun.Code);
        using var again = await page.PostAsJsonAsync("/api/v1/session/first-run", new { code, password = Password });
        Assert.AreEqual(HttpStatusCode.Conflict, again.StatusCode);
    }

    [TestMethod]
    public async Task Guessing_the_code_is_slowed_down()
    {
        var time = new ManualTime();
        await using var appliance = await TestAppliance.StartAsync(time);
        using var page = appliance.Connect(null);
        for (var i = 0; i < 5; i++)
            await page.PostAsJsonAsync("/api/v1/session/first-run", new { code = $"AAAA-AAAA-AAA{i}", password = Password });
        var code = appliance.Services.FirstRun.Code!;
        using var refused = await page.PostAsJsonAsync("/api/v1/session/first-run", new { code, password = Password });
        Assert.AreEqual(HttpStatusCode.TooManyRequests, refused.StatusCode, "even with the right code");
        time.Advance(TimeSpan.FromMinutes(2));
        using var right = await page.PostAsJsonAsync("/api/v1/session/first-run", new { code, password = Password });
        Assert.AreEqual(HttpStatusCode.OK, right.StatusCode);
    }
}
