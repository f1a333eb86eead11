using Microsoft.Playwright;

namespace Lunaria.Page.Tests.Flows;

/// <summary>The life of a LUN by the page alone; what it did is seen by a host.</summary>
[TestClass]
public sealed class LifeOfALunTests
{
    private const string Host = "iqn.2026-11.test:host";
    private const string Iqn = "iqn.2026-11.test.page:disks";

    [TestMethod]
    public async Task A_disk_from_the_wizard_to_its_end()
    {
        Initiator.Need();
        await using var appliance = await RunningAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Put, "users/admin", new { password = Sample.Password });
        await using var visitor = await Visitor.LogInAsync(appliance, Looks.Wide);
        var page = visitor.Page;

        await ConnectAHostAsync(visitor);
        var listed = await Initiator.ListAsync(appliance.Portal, Host);
        StringAssert.Contains(listed, Iqn);
        StringAssert.Contains(listed, "Lun:0");
        Assert.DoesNotContain(Iqn, await Initiator.ListAsync(appliance.Portal, "iqn.2026-11.test:stranger"), "only the named host sees it");
        var url = $"iscsi://{appliance.Portal}/{Iqn}/0";
        await visitor.GoAsync("/hosts", "Hosts and CHAP");
        await OpenToEverybodyAsync(visitor);
        StringAssert.Contains(await Initiator.InfoAsync(url), $"\"virtual-size\": {2L << 30}");
        await Initiator.DoAsync(url, "write -P 0x11 0 1M");

        await visitor.GoAsync("/volumes/life", "life");
        await visitor.PressAsync("Take a snapshot");
        await visitor.FillAsync("Name", "first");
        await visitor.CheckAsync("dialog-snapshot");
        await visitor.PressAsync("Take it");
        await visitor.DialogGoneAsync();
        await page.Locator(".tree").GetByText("first", new() { Exact = true }).WaitForAsync();
        await Initiator.DoAsync(url, "write -P 0x22 0 1M");

        await visitor.PressAsync("Clone: first");
        await visitor.FillAsync("Name of the new volume", "twin");
        await visitor.PressAsync("Clone");
        await visitor.SeeHeadingAsync("twin");
        await visitor.SeeAsync("Clone of");
        await visitor.PressAsync("Show it to hosts");
        await visitor.PressAsync("Show it");
        await visitor.DialogGoneAsync();
        await Initiator.DoAsync($"iscsi://{appliance.Portal}/{Iqn}/1", "read -P 0x11 0 1M");

        await visitor.GoAsync("/volumes/life", "life");
        await visitor.PressAsync("Roll back: first");
        await visitor.FillAsync("Type life to confirm", "life");
        await visitor.CheckAsync("dialog-roll-back");
        await visitor.PressAsync("Roll back");
        await visitor.DialogGoneAsync();
        await Initiator.DoAsync(url, "read -P 0x11 0 1M");

        await visitor.PressAsync("Resize");
        await visitor.FillAsync("New size", "3");
        await visitor.CheckAsync("dialog-resize");
        await visitor.PressAsync("Resize");
        await visitor.DialogGoneAsync();
        StringAssert.Contains(await Initiator.InfoAsync(url), $"\"virtual-size\": {3L << 30}");

        await visitor.PressAsync($"Take LUN 0 of {Iqn} away");
        await visitor.PressAsync("Take it away");
        await visitor.DialogGoneAsync();
        Assert.DoesNotContain("Lun:0", await Initiator.ListAsync(appliance.Portal, Host));
        await visitor.PressAsync("Delete");
        await visitor.SeeAsync("Its snapshot is deleted with it.");
        await visitor.CheckAsync("dialog-delete");
        await visitor.FillAsync("Type life to confirm", "life");
        await visitor.PressAsync("Delete for good");
        await visitor.SeeHeadingAsync("Volumes");
        await Initiator.DoAsync($"iscsi://{appliance.Portal}/{Iqn}/1", "read -P 0x11 0 1M");
        await page.Locator("tbody tr").Filter(new() { HasText = "life" }).WaitForAsync(new() { State = WaitForSelectorState.Detached });
        visitor.NoTrouble("the life of a LUN");
    }

    private static async Task ConnectAHostAsync(Visitor visitor)
    {
        await visitor.GoAsync("/targets", "Targets");
        await visitor.PressAsync("Connect a host");
        await visitor.CheckAsync("wizard-1");
        await visitor.PressAsync("Next");
        await visitor.FillAsync("Name of the volume", "not a name");
        await visitor.PressAsync("Next");
        await visitor.SeeAsync("Write a name of letters");
        await visitor.FillAsync("Name of the volume", "life");
        await visitor.FillAsync("Size", "2");
        await visitor.CheckAsync("wizard-2");
        await visitor.PressAsync("Next");
        await visitor.FillAsync("Name of the target", Iqn);
        await visitor.FillAsync("The host's iSCSI name", Host);
        await visitor.CheckAsync("wizard-3");
        await visitor.PressAsync("Next");
        await visitor.PressAsync("Back");
        await visitor.PressAsync("Next");
        await visitor.CheckAsync("wizard-4");
        await visitor.PressAsync("Make it");
        await visitor.SeeAsync("Type this on the host");
        await visitor.SeeAsync($"iscsiadm -m node -T {Iqn}");
        await visitor.CheckAsync("wizard-5");
        await visitor.PressAsync("Done");
        await visitor.DialogGoneAsync();
    }

    private static async Task OpenToEverybodyAsync(Visitor visitor)
    {
        await visitor.PressAsync("Let a host in");
        await visitor.FillAsync("Host", "*");
        await visitor.CheckAsync("dialog-host");
        await visitor.PressAsync("Let it in");
        await visitor.DialogGoneAsync();
        await visitor.SeeAsync("Everybody (*)");
    }
}
