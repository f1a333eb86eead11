using Microsoft.Playwright;

namespace Lunaria.Page.Tests.Flows;

/// <summary>A thousand volumes: the page stays usable.</summary>
[TestClass]
public sealed class ManyVolumesTests
{
    private const int Count = 1000;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task A_thousand_volumes_are_searched_sorted_and_paged()
    {
        await using var appliance = await RunningAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Put, "users/admin", new { password = Sample.Password });
        for (var i = 0; i < Count; i++)
            await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = $"volume-{i:0000}", sizeBytes = (i + 1L) << 20 });
        await using var visitor = await Visitor.LogInAsync(appliance, Looks.Wide);
        await visitor.GoAsync("/volumes", "Volumes");
        await visitor.SeeAsync("1,000 volumes");
        var paint = await visitor.Page.EvaluateAsync<double>("performance.getEntriesByName('first-contentful-paint')[0].startTime");
        var shown = await visitor.Page.EvaluateAsync<double>("performance.now()");
        TestContext.WriteLine($"first paint after {paint:0} ms, the list is there after at most {shown:0} ms");
        var rows = visitor.Page.Locator("tbody tr");
        Assert.AreEqual(50, await rows.CountAsync());
        await visitor.PressAsync("Next");
        await visitor.SeeAsync("Page 2 of 20");
        await visitor.Page.Locator("tbody").GetByText("volume-0050").WaitForAsync();
        await visitor.PressAsync("Size");
        await visitor.PressAsync("Size");
        await visitor.SeeAsync("Page 2 of 20");
        await visitor.Page.GetByRole(AriaRole.Searchbox).FillAsync("VOLUME-077");
        await visitor.SeeAsync("10 of 1,000 volumes");
        Assert.AreEqual(10, await rows.CountAsync());
        Assert.IsTrue(await visitor.Page.GetByRole(AriaRole.Searchbox).EvaluateAsync<bool>("one => one === document.activeElement"), "the focus stays in the search box");
        await visitor.CheckAsync("many-volumes");
        await visitor.Page.GetByRole(AriaRole.Searchbox).FillAsync("nowhere");
        await visitor.SeeAsync("Nothing has “nowhere” in it.");
        visitor.NoTrouble("a thousand volumes");
    }
}
