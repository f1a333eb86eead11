using System.IO.Compression;
using System.Net;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>The support bundle: all that helps, and no secret.</summary>
[TestClass]
public sealed class SupportBundleTests
{
    [TestMethod]
    public async Task It_has_what_helps_and_no_secret()
    {
        await using var appliance = await TestAppliance.StartAsync();
        const string Iqn = "iqn.2026-11.test:t";
        await appliance.SendAsync(HttpMethod.Put, "users/admin", new { password = "very secret password" });
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "a", sizeBytes = 1 << 20 });
        await appliance.SendAsync(HttpMethod.Post, "targets", new { iqn = Iqn, initiators = new[] { "*" } });
        var (status, _) = await appliance.SendAsync(HttpMethod.Put, $"targets/{Iqn}/initiators/*/chap", new { user = "u", secret = "hush hush hush" });
        Assert.AreEqual(HttpStatusCode.OK, status);
        var token = (await appliance.SendAsync(HttpMethod.Post, "tokens", new { name = "t", scopes = new[] { "read" }, days = 1 })).Answer.GetProperty("secret").GetString()!;

        await using var content = await appliance.Client.GetStreamAsync("/api/v1/support/bundle");
        using var copy = new MemoryStream();
        await content.CopyToAsync(copy);
        using var zip = new ZipArchive(copy);
        var texts = new Dictionary<string, string>();
        foreach (var entry in zip.Entries)
        {
            using var reader = new StreamReader(entry.Open());
            texts.Add(entry.FullName, await reader.ReadToEndAsync());
        }

        StringAssert.Contains(texts["volumes.json"], "\"name\": \"a\"");
        StringAssert.Contains(texts["targets.json"], Iqn);
        StringAssert.Contains(texts["audit.json"], "volume.create");
        StringAssert.Contains(texts["metrics.txt"], "lunaria_engine_health");
        StringAssert.Contains(texts["status.json"], "1.2.3");
        foreach (var name in (string[])["settings.json", "sessions.json", "jobs.json", "events.json", "machine.txt"])
            Assert.IsGreaterThan(0, texts[name].Length, name);
        foreach (var secret in (string[])["hush hush hush", "very secret password", token, appliance.AdministratorToken])
            Assert.IsFalse(texts.Values.Any(text => text.Contains(secret, StringComparison.Ordinal)), "a secret is in the bundle");
    }
}
