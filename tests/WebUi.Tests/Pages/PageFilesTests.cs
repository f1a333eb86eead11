using System.Net;
using System.Text.RegularExpressions;

namespace Lunaria.WebUi.Tests.Pages;

/// <summary>The page as it is served: whole, from here alone, and to everybody; the API beside it is untouched.</summary>
[TestClass]
public sealed partial class PageFilesTests
{
    [TestMethod]
    public async Task Everything_that_the_document_names_is_there_and_kept_by_browsers()
    {
        await using var appliance = await TestAppliance.StartAsync(ready: false);
        using var browser = appliance.Connect(null);
        using var page = await browser.GetAsync("/");
        var document = await page.Content.ReadAsStringAsync();
        Assert.AreEqual("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.AreEqual("no-store", page.Headers.CacheControl!.ToString());
        StringAssert.Contains(page.Headers.GetValues("Content-Security-Policy").Single(), "default-src 'none'; script-src 'self'; style-src 'self'");
        var addresses = Address().Matches(document).Select(match => match.Groups[1].Value).ToList();
        Assert.IsGreaterThan(30, addresses.Count);
        foreach (var address in addresses)
        {
            StringAssert.StartsWith(address, "/assets/");
            using var file = await browser.GetAsync(address);
            Assert.AreEqual(HttpStatusCode.OK, file.StatusCode, address);
            StringAssert.Contains(file.Headers.CacheControl!.ToString(), "immutable");
            Assert.AreEqual("nosniff", file.Headers.GetValues("X-Content-Type-Options").Single());
        }
    }

    [TestMethod]
    public async Task Views_are_the_page_and_nothing_else_is()
    {
        await using var appliance = await TestAppliance.StartAsync();
        using var browser = appliance.Connect(null);
        browser.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        foreach (var path in (string[])["/volumes", "/targets/iqn.2026-11.test%3Ax"])
            StringAssert.Contains(await browser.GetStringAsync(path), "<title>Lunaria</title>");
        Assert.AreEqual(HttpStatusCode.Unauthorized, (await browser.GetAsync("/api/v1/volumes")).StatusCode);
        Assert.AreEqual(HttpStatusCode.NotFound, (await browser.GetAsync("/api/v1/none")).StatusCode);
        Assert.AreEqual(HttpStatusCode.NotFound, (await browser.GetAsync("/assets/000000000000/js/main.js")).StatusCode);
        Assert.AreEqual("alive\n", await browser.GetStringAsync("/healthz"));
        Assert.AreNotEqual(HttpStatusCode.OK, (await browser.PostAsync("/volumes", null)).StatusCode);
    }

    [TestMethod]
    public void No_file_names_an_address_elsewhere_or_makes_markup_of_text()
    {
        foreach (var name in typeof(WebUi.Names).Assembly.GetManifestResourceNames().Where(name => name.StartsWith("wwwroot/", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(typeof(WebUi.Names).Assembly.GetManifestResourceStream(name)!);
            var text = reader.ReadToEnd().Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);
            foreach (var forbidden in (string[])["http://", "https://", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("])
                Assert.DoesNotContain(forbidden, text, name);
            Assert.IsLessThanOrEqualTo(400, text.Split('\n').Length, $"{name} is too long: give one of its jobs a file of its own");
        }
    }

    [GeneratedRegex("(?:href|src)=\"([^\"]+)\"")]
    private static partial Regex Address();
}
