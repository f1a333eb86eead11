namespace Lunaria.Page.Tests.Flows;

/// <summary>Every page as it looks: names, contrast, layout, no trouble in the console, at two widths, light and dark.</summary>
[TestClass]
public sealed class EveryPageTests
{
    private static RunningAppliance? s_appliance;

    private static readonly (string Name, string Address, string Heading)[] Pages =
    [
        ("overview", "/", "Overview"),
        ("volumes", "/volumes", "Volumes"),
        ("volume", "/volumes/db-primary", "db-primary"),
        ("clone", "/volumes/db-test", "db-test"),
        ("targets", "/targets", "Targets"),
        ("target", $"/targets/{Uri.EscapeDataString(Sample.Iqn)}", Sample.Iqn),
        ("hosts", "/hosts", "Hosts and CHAP"),
        ("sessions", "/sessions", "Sessions"),
        ("schedules", "/schedules", "Schedules"),
        ("pool", "/pool", "Pool"),
        ("cache", "/cache", "Read cache"),
        ("integrity", "/integrity", "Integrity"),
        ("jobs", "/jobs", "Jobs"),
        ("events", "/events", "Events"),
        ("audit", "/audit", "Audit log"),
        ("settings", "/settings", "Settings"),
        ("access", "/access", "Users and tokens"),
    ];

    [ClassInitialize]
    public static async Task StartAsync(TestContext _)
    {
        s_appliance = await RunningAppliance.StartAsync();
        await Sample.FillAsync(s_appliance);
    }

    [ClassCleanup]
    public static async Task StopAsync()
    {
        if (s_appliance != null)
            await s_appliance.DisposeAsync();
    }

    [TestMethod]
    [DataRow("wide")]
    [DataRow("narrow")]
    public async Task Every_page_is_sound(string width)
    {
        await using var visitor = await Visitor.LogInAsync(s_appliance!, Looks.Of($"{width}-light"));
        foreach (var (name, address, heading) in Pages)
        {
            await visitor.GoAsync(address, heading);
            await visitor.CheckAsync(name);
            await visitor.LookAsync(Looks.Of($"{width}-dark"));
            await visitor.CheckAsync(name);
            await visitor.LookAsync(Looks.Of($"{width}-light"));
        }
    }
}
