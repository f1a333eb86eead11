using Microsoft.Playwright;

namespace Lunaria.Page.Tests;

/// <summary>Debian's browser, one process for all tests; each gets a profile of its own. Whoever lacks it hears so.</summary>
[TestClass]
public sealed class Chromium
{
    private const string Program = "/usr/bin/chromium";

    /// <summary>The last ones keep the browser from calling home, which a closed network refuses.</summary>
    private static readonly string[] Arguments =
        ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    private static readonly Lazy<Task<(IPlaywright Driver, IBrowser Browser)>> Started = new(StartAsync);

    /// <summary>A profile of its own. Inconclusive where there is no browser.</summary>
    public static async Task<IBrowserContext> NewContextAsync(BrowserNewContextOptions options)
    {
        if (!File.Exists(Program))
            Assert.Inconclusive($"{Program} is not there: apt-get install chromium");
        return await (await Started.Value).Browser.NewContextAsync(options);
    }

    [AssemblyCleanup]
    public static async Task CloseAsync()
    {
        if (!Started.IsValueCreated)
            return;
        var (driver, browser) = await Started.Value;
        await browser.CloseAsync();
        driver.Dispose();
    }

    private static async Task<(IPlaywright Driver, IBrowser Browser)> StartAsync()
    {
        var driver = await Playwright.CreateAsync();
        return (driver, await driver.Chromium.LaunchAsync(new() { ExecutablePath = Program, Args = Arguments }));
    }
}
