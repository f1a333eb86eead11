using System.Net;
using Lunaria.Testing;

namespace Lunaria.WebUi.Tests.Live;

[TestClass]
public sealed class LoadApiTests
{
    [TestMethod]
    public async Task Load_and_space_are_kept_over_time()
    {
        var time = new ManualTime();
        await using var appliance = await TestAppliance.StartAsync(time);
        for (var i = 0; i < 3; i++)
        {
            appliance.Status.Look();
            time.Advance(TimeSpan.FromSeconds(1));
        }

        var (_, load) = await appliance.SendAsync(HttpMethod.Get, "load");
        Assert.AreEqual(1, load.GetProperty("stepSeconds").GetInt32());
        Assert.AreEqual(2, load.GetProperty("samples").GetArrayLength());
        var (_, day) = await appliance.SendAsync(HttpMethod.Get, "load?day=true");
        Assert.AreEqual(60, day.GetProperty("stepSeconds").GetInt32());
        var (status, answer) = await appliance.SendAsync(HttpMethod.Get, "capacity");
        Assert.IsTrue(status == HttpStatusCode.NotFound || answer.GetProperty("history").GetArrayLength() == 1, "a store without an end has no capacity");
        var (_, addresses) = await appliance.SendAsync(HttpMethod.Get, "portal-addresses");
        Assert.AreEqual(appliance.Portal.ToString(), addresses[0].GetString());
    }
}
