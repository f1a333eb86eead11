using Microsoft.Playwright;

namespace Lunaria.Page.Tests.Flows;

/// <summary>The appliance goes away and comes back under an open page.</summary>
[TestClass]
public sealed class RestartTests
{
    [TestMethod]
    public async Task An_open_page_tells_of_it_and_goes_on_by_itself()
    {
        await using var appliance = await RunningAppliance.StartAsync();
        await Sample.FillAsync(appliance);
        await using var visitor = await Visitor.LogInAsync(appliance, Looks.Wide);
        foreach (var part in (string[])["ERR_CONNECTION", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE", "ERR_HTTP2", "ERR_FAILED", "503"])
            visitor.Expect(part);
        var page = visitor.Page;
        await page.GetByText("up for").WaitForAsync();
        await page.EvaluateAsync("window.same = true");
        await appliance.StopAsync();
        await page.Locator(".lost").WaitForAsync();
        await visitor.CheckAsync("lost");
        await page.GetByRole(AriaRole.Link, new() { Name = "Volumes", Exact = true }).First.ClickAsync();
        await visitor.SeeAsync("The appliance does not answer");
        await visitor.CheckAsync("unreachable");
        await appliance.StartAgainAsync();
        await visitor.SeeHeadingAsync("Volumes");
        await page.GetByRole(AriaRole.Link, new() { Name = "db-primary" }).WaitForAsync();
        await page.Locator(".lost").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        Assert.IsTrue(await page.EvaluateAsync<bool>("window.same"), "the page was not loaded anew");
        visitor.NoTrouble("after the restart");
    }
}
