namespace Lunaria.Page.Tests.Flows;

/// <summary>A volume out of the page as a file and back in as another one; a template and a promotion.</summary>
[TestClass]
public sealed class TransferTests
{
    private const string Iqn = "iqn.2026-11.test.page:disks";

    [TestMethod]
    public async Task A_snapshot_leaves_as_a_file_and_comes_back_as_a_volume()
    {
        Initiator.Need();
        await using var appliance = await RunningAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Put, "users/admin", new { password = Sample.Password });
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "first", sizeBytes = 64L << 20 });
        await appliance.SendAsync(HttpMethod.Post, "targets", new { iqn = Iqn, initiators = new[] { "*" } });
        await appliance.SendAsync(HttpMethod.Post, $"targets/{Uri.EscapeDataString(Iqn)}/luns", new { volume = "first" });
        await Initiator.DoAsync($"iscsi://{appliance.Portal}/{Iqn}/0", "write -P 0x33 1M 2M");
        await appliance.SendAsync(HttpMethod.Post, "volumes/first/snapshots", new { name = "one" });
        await using var visitor = await Visitor.LogInAsync(appliance, Looks.Of("narrow-dark"));

        await visitor.GoAsync("/volumes/first", "first");
        await visitor.PressAsync("Export: one");
        await visitor.CheckAsync("dialog-export");
        var download = await visitor.Page.RunAndWaitForDownloadAsync(() => visitor.PressAsync("Download"));
        Assert.AreEqual("first-one.export", download.SuggestedFilename);
        var file = Path.Combine(appliance.DataDirectory, "first-one.export");
        await download.SaveAsAsync(file);

        await visitor.GoAsync("/volumes", "Volumes");
        await visitor.PressAsync("Import");
        await visitor.FillAsync("Name", "first");
        await visitor.Page.GetByLabel("File", new() { Exact = true }).SetInputFilesAsync(file);
        await visitor.CheckAsync("dialog-import");
        visitor.Expect("409");
        await visitor.PressAsync("Import");
        await visitor.SeeAsync("Unmap it before its content changes");
        await visitor.FillAsync("Name", "second");
        await visitor.PressAsync("Import");
        await visitor.SeeHeadingAsync("second");
        await visitor.PressAsync("Show it to hosts");
        await visitor.PressAsync("Show it");
        await visitor.DialogGoneAsync();
        await Initiator.DoAsync($"iscsi://{appliance.Portal}/{Iqn}/1", "read -P 0x33 1M 2M");

        await visitor.GoAsync("/volumes/second", "second");
        await visitor.PressAsync("Clone: one");
        await visitor.FillAsync("Name of the new volume", "third");
        await visitor.PressAsync("Clone");
        await visitor.SeeHeadingAsync("third");
        await visitor.PressAsync("Promote");
        await visitor.CheckAsync("dialog-promote");
        await visitor.PressAsync("Promote it");
        await visitor.DialogGoneAsync();
        await visitor.Page.Locator(".tree").GetByText("one", new() { Exact = true }).WaitForAsync();
        await visitor.PressAsync("Template");
        await visitor.PressAsync("Make it a template");
        await visitor.DialogGoneAsync();
        await visitor.PressAsync("Clone: template");
        await visitor.PressAsync("Cancel");
        await visitor.CheckAsync("volume-template");
        Assert.IsTrue((await appliance.SendAsync(HttpMethod.Get, "volumes/third")).GetProperty("isTemplate").GetBoolean());
    }
}
