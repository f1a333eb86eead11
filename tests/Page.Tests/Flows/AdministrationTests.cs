using Microsoft.Playwright;

namespace Lunaria.Page.Tests.Flows;

/// <summary>Everything else that an administrator does, each by the page alone and seen by the API.</summary>
[TestClass]
public sealed class AdministrationTests
{
    [TestMethod]
    public async Task Users_tokens_schedules_and_settings()
    {
        await using var appliance = await RunningAppliance.StartAsync();
        await Sample.FillAsync(appliance);
        await using var visitor = await Visitor.LogInAsync(appliance, Looks.Of("narrow-dark"));
        await UsersAndTokensAsync(appliance, visitor);
        await SchedulesAsync(appliance, visitor);
        await PoolAsync(appliance, visitor);
        await IntegrityAsync(visitor);
        await CacheAsync(appliance, visitor);
        await SettingsAsync(appliance, visitor);
        visitor.NoTrouble("administration");
    }

    [TestMethod]
    public async Task A_host_with_a_secret_comes_and_is_sent_away()
    {
        Initiator.Need();
        await using var appliance = await RunningAppliance.StartAsync();
        await Sample.FillAsync(appliance);
        await using var visitor = await Visitor.LogInAsync(appliance, Looks.Wide);
        var iqn = "iqn.2026-11.com.example.lunaria:databases";
        await visitor.GoAsync($"/targets/{Uri.EscapeDataString(iqn)}", iqn);
        await visitor.PressAsync("Set CHAP of everybody");
        await visitor.FillAsync("Name that the host gives", "host1");
        visitor.Expect("400");
        await visitor.FillAsync("Secret of the host", "too short");
        await visitor.PressAsync("Set it");
        await visitor.SeeAsync("is not a CHAP secret");
        await visitor.CheckAsync("dialog-chap");
        await visitor.PressAsync("Make one: Secret of the host");
        var secret = await visitor.Page.GetByLabel("Secret of the host", new() { Exact = true }).InputValueAsync();
        Assert.AreEqual(16, secret.Length);
        await visitor.PressAsync("Set it");
        await visitor.DialogGoneAsync();
        StringAssert.Contains(await Initiator.InfoAsync($"iscsi://{appliance.Portal}/{iqn}/0"), "ail");
        StringAssert.Contains(await Initiator.InfoAsync($"iscsi://host1%{secret}@{appliance.Portal}/{iqn}/0"), "virtual-size");

        using var stay = Initiator.Stay($"iscsi://host1%{secret}@{appliance.Portal}/{iqn}/0");
        await visitor.GoAsync("/sessions", "Sessions");
        await visitor.Page.Locator("tbody tr").First.WaitForAsync();
        await visitor.CheckAsync("sessions-with-a-host");
        await visitor.Page.Locator("td.buttons button").First.ClickAsync();
        await visitor.PressAsync("Disconnect");
        await visitor.DialogGoneAsync();
        var audit = await appliance.SendAsync(HttpMethod.Get, "audit?limit=5");
        Assert.IsTrue(audit.EnumerateArray().Any(entry => entry.GetProperty("action").GetString() == "session.kick" && entry.GetProperty("who").GetString() == "admin"));
        visitor.NoTrouble("CHAP");
    }

    [TestMethod]
    public async Task Everything_is_reached_by_the_keyboard_in_the_order_of_reading()
    {
        await using var appliance = await RunningAppliance.StartAsync();
        await Sample.FillAsync(appliance);
        await using var visitor = await Visitor.LogInAsync(appliance, Looks.Wide);
        await visitor.GoAsync("/volumes/db-primary", "db-primary");
        var keyboard = visitor.Page.Keyboard;
        var seen = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            await keyboard.PressAsync("Tab");
            var step = await visitor.Page.EvaluateAsync<string>("""
                () => {
                  const one = document.activeElement;
                  const outline = getComputedStyle(one).outlineStyle;
                  return one === document.body ? "" : `${outline === "none" ? "NO OUTLINE " : ""}${one.getAttribute("aria-label") ?? one.textContent.trim()}`;
                }
                """);
            if (step.Length == 0)
                break;
            seen.Add(step);
        }

        Assert.AreEqual("", string.Join(", ", seen.Where(step => step.StartsWith("NO OUTLINE", StringComparison.Ordinal))));
        Assert.AreEqual("Skip to content", seen[0]);
        string[] order = ["Overview", "Volumes", "Log out", "← Volumes", "Resize", "Rename", "Show it to hosts", "Take a snapshot", "Clone: before-upgrade", "Roll back: nightly-2026-11-27"];
        var places = order.Select(step => seen.IndexOf(step)).ToArray();
        Assert.IsTrue(places.All(place => place >= 0) && places.SequenceEqual(places.Order()), $"{string.Join(" ", places)}: {string.Join(" | ", seen)}");

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Resize" }).FocusAsync();
        await keyboard.PressAsync("Enter");
        await visitor.SeeAsync("Resize db-primary");
        Assert.AreEqual("New size", await visitor.Page.EvaluateAsync<string>("document.activeElement.labels[0].textContent"), "the first field has the focus");
        await keyboard.PressAsync("Escape");
        await visitor.DialogGoneAsync();
        Assert.AreEqual("Resize", await visitor.Page.EvaluateAsync<string>("document.activeElement.textContent"), "the focus is given back");
        visitor.NoTrouble("by keyboard");
    }

    private static async Task UsersAndTokensAsync(RunningAppliance appliance, Visitor visitor)
    {
        await visitor.GoAsync("/access", "Users and tokens");
        await visitor.PressAsync("Add a user");
        await visitor.FillAsync("Name", "ops");
        await visitor.FillAsync("Password", Sample.Password);
        await visitor.CheckAsync("dialog-user");
        await visitor.PressAsync("Add");
        await visitor.DialogGoneAsync();
        await visitor.PressAsync("Make a token");
        await visitor.FillAsync("What it is for", "backup");
        await visitor.TickAsync("Change volumes and snapshots");
        await visitor.CheckAsync("dialog-token");
        await visitor.PressAsync("Make it");
        await visitor.SeeAsync("It is shown only now");
        StringAssert.StartsWith(await visitor.Page.Locator("dialog pre").InnerTextAsync(), "lun_");
        await visitor.PressAsync("I have it");
        await visitor.DialogGoneAsync();
        await visitor.PressAsync("Revoke prometheus");
        await visitor.PressAsync("Revoke");
        await visitor.DialogGoneAsync();
        await visitor.PressAsync("Delete ops");
        await visitor.PressAsync("Delete");
        await visitor.DialogGoneAsync();
        var tokens = await appliance.SendAsync(HttpMethod.Get, "tokens");
        Assert.AreEqual("backup", tokens.EnumerateArray().Single().GetProperty("name").GetString());
        Assert.AreEqual(2, (await appliance.SendAsync(HttpMethod.Get, "users")).GetArrayLength());
    }

    private static async Task SchedulesAsync(RunningAppliance appliance, Visitor visitor)
    {
        await visitor.GoAsync("/schedules", "Schedules");
        await visitor.PressAsync("Create a schedule");
        await visitor.FillAsync("Name", "weekly");
        await visitor.TickAsync("build-cache");
        await visitor.ChooseAsync("How often", "weekly");
        await visitor.ChooseAsync("Day of the week", "friday");
        await visitor.FillAsync("Time of the day", "22:15");
        await visitor.CheckAsync("dialog-schedule");
        await visitor.PressAsync("Create");
        await visitor.DialogGoneAsync();
        var made = (await appliance.SendAsync(HttpMethod.Get, "schedules")).EnumerateArray().Single(one => one.GetProperty("name").GetString() == "weekly");
        Assert.AreEqual("friday 22:15", $"{made.GetProperty("weekday").GetString()} {made.GetProperty("at").GetString()}");
        await visitor.PressAsync("Run now: weekly");
        await visitor.SeeAsync("is taken of 1 volume");
        Assert.AreEqual(1, (await appliance.SendAsync(HttpMethod.Get, "volumes/build-cache/snapshots")).GetArrayLength());
        await visitor.PressAsync("Preview: weekly");
        await visitor.SeeAsync("If weekly ran now");
        await visitor.CheckAsync("dialog-preview");
        await visitor.PressAsync("Close");
        await visitor.DialogGoneAsync();
        await visitor.PressAsync("Pause: weekly");
        await visitor.PressAsync("Go on: weekly");
    }

    private static async Task PoolAsync(RunningAppliance appliance, Visitor visitor)
    {
        await visitor.GoAsync("/pool", "Pool");
        await visitor.PressAsync("Add a component");
        await visitor.FillAsync("Path on the appliance", "pool/1.lpool");
        await visitor.FillAsync("Size", "8");
        await visitor.CheckAsync("dialog-component");
        await visitor.PressAsync("Add");
        await visitor.DialogGoneAsync();
        await visitor.SeeAsync("pool/1.lpool");
        await visitor.CheckAsync("pool-of-two");
        await visitor.Page.Locator("td.buttons button").Last.ClickAsync();
        await visitor.PressAsync("Begin");
        await visitor.DialogGoneAsync();
        await visitor.SeeAsync("empty: can be removed");
        await visitor.CheckAsync("pool-emptied");
        await visitor.Page.Locator("td.buttons button.danger").ClickAsync();
        await visitor.PressAsync("Remove");
        await visitor.DialogGoneAsync();
        await visitor.Page.GetByText("pool/1.lpool").First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        Assert.AreEqual(1, (await appliance.SendAsync(HttpMethod.Get, "pool")).GetProperty("components").GetArrayLength());
        await WatermarksAsync(appliance, visitor);
        await visitor.PressAsync("Bring everything into the store");
        await visitor.SeeAsync("The job has begun");
        await BucketAsync(visitor);
    }

    private static async Task WatermarksAsync(RunningAppliance appliance, Visitor visitor)
    {
        await visitor.PressAsync("Change the pool's watermarks");
        await visitor.FillAsync("Low: percent free", "some");
        await visitor.PressAsync("Set them");
        await visitor.SeeAsync("Write a number, or nothing.");
        await visitor.CheckAsync("dialog-watermarks");
        await visitor.FillAsync("Low: percent free", "20");
        await visitor.FillAsync("Low: size free", "2");
        await visitor.FillAsync("Low: days until it is full", "7");
        await visitor.FillAsync("Full: percent free", "30");
        visitor.Expect("400");
        await visitor.PressAsync("Set them");
        await visitor.SeeAsync("it would be told before poolLow");
        await visitor.FillAsync("Full: percent free", "5");
        await visitor.FillAsync("Volumes may promise so many times the pool", "1000");
        await visitor.PressAsync("Set them");
        await visitor.DialogGoneAsync();
        await visitor.SeeAsync("less than 20 % are free or less than 2 GiB are free or it is full in 7 days (low), less than 5 % are free (full)");
        await visitor.PressAsync("Change the write log's watermarks");
        await visitor.FillAsync("Low: minutes until it is full", "10");
        await visitor.PressAsync("Set them");
        await visitor.DialogGoneAsync();
        await visitor.SeeAsync("it is full in 10 min (low)");
        await visitor.CheckAsync("pool-with-watermarks");
        var marks = await appliance.SendAsync(HttpMethod.Get, "watermarks");
        Assert.AreEqual(10, Math.Round(marks.GetProperty("logLow").GetProperty("days").GetDouble() * 1440, 6));
        Assert.AreEqual("20 2147483648 7", string.Join(' ', new[] { "percent", "bytes", "days" }.Select(part => marks.GetProperty("poolLow").GetProperty(part).GetRawText())));
        Assert.AreEqual(1000, marks.GetProperty("overCommitLimit").GetInt32());
        // Opened again it shows what counts, and setting that changes nothing.
        await visitor.PressAsync("Change the pool's watermarks");
        await visitor.PressAsync("Set them");
        await visitor.DialogGoneAsync();
        Assert.AreEqual(marks.GetRawText(), (await appliance.SendAsync(HttpMethod.Get, "watermarks")).GetRawText());
    }

    /// <summary>What the page shows of an appliance whose data lie in a bucket that has not answered for a while.</summary>
    private static async Task BucketAsync(Visitor visitor)
    {
        const string Backend = "**/api/v1/backend";
        await visitor.Page.RouteAsync(Backend, route => route.FulfillAsync(new()
        {
            ContentType = "application/json",
            Body = """
                {"kind":"s3","health":"StoreFailing","cause":"The store does not answer.","waitingBytes":3221225472,"logBytes":4294967296,"oldestSeconds":840,"bytesPerSecond":0,
                 "secondsToFull":1500,"catalog":{"savedAt":"2026-11-28T10:00:00Z","position":1,"current":false,"cause":"The store does not answer."}}
                """,
        }));
        await visitor.GoAsync("/pool", "Bucket");
        await visitor.SeeAsync("The catalog could not be saved");
        await visitor.SeeAsync("25 min");
        await visitor.CheckAsync("bucket");
        await visitor.Page.UnrouteAsync(Backend);
    }

    private static async Task IntegrityAsync(Visitor visitor)
    {
        await visitor.GoAsync("/integrity", "Integrity");
        await visitor.PressAsync("Check now");
        await visitor.TickAsync("Read every block");
        await visitor.CheckAsync("dialog-check");
        await visitor.PressAsync("Begin");
        await visitor.DialogGoneAsync();
        await visitor.SeeAsync("nothing wrong");
        await visitor.PressAsync("Audit now");
        await visitor.PressAsync("Begin");
        await visitor.DialogGoneAsync();
        await visitor.PressAsync("Change garbage collection");
        await visitor.TickAsync("Pause");
        await visitor.PressAsync("Change");
        await visitor.DialogGoneAsync();
        await visitor.SeeAsync("paused");
        await visitor.PressAsync("Back up lunaria.db");
        await visitor.SeeAsync("is written");
        await visitor.CheckAsync("integrity-after");
    }

    private static async Task CacheAsync(RunningAppliance appliance, Visitor visitor)
    {
        await visitor.GoAsync("/cache", "Read cache");
        await visitor.PressAsync("Add a device");
        await visitor.FillAsync("File or block device", "cache/flash0");
        await visitor.FillAsync("How much of it is used", "0.0625");
        await visitor.CheckAsync("dialog-cache-device");
        await visitor.PressAsync("Add");
        await visitor.DialogGoneAsync();
        await visitor.PressAsync("Change the cache of db-primary");
        await visitor.TickAsync("when written, too");
        await visitor.FillAsync("At most", "0.03125");
        await visitor.CheckAsync("dialog-cache-volume");
        await visitor.PressAsync("Change");
        await visitor.DialogGoneAsync();
        await visitor.CheckAsync("cache-with-a-device");
        var part = (await appliance.SendAsync(HttpMethod.Get, "cache")).GetProperty("volumes").EnumerateArray().Single(one => one.GetProperty("volume").GetString() == "db-primary");
        Assert.AreEqual("onWrite 33554432", $"{part.GetProperty("when").GetString()} {part.GetProperty("limitBytes").GetInt64()}");
    }

    private static async Task SettingsAsync(RunningAppliance appliance, Visitor visitor)
    {
        await visitor.GoAsync("/settings", "Settings");
        visitor.Expect("400");
        await visitor.PressAsync("Change iscsi.pingInterval");
        await visitor.FillAsync("Value", "soon");
        await visitor.PressAsync("Look at it");
        await visitor.Page.Locator("[aria-invalid=true]").WaitForAsync();
        await visitor.FillAsync("Value", "30s");
        await visitor.PressAsync("Look at it");
        await visitor.SeeAsync("It counts");
        await visitor.CheckAsync("dialog-setting");
        await visitor.PressAsync("Change it");
        await visitor.DialogGoneAsync();
        var setting = (await appliance.SendAsync(HttpMethod.Get, "settings")).EnumerateArray().Single(one => one.GetProperty("key").GetString() == "iscsi.pingInterval");
        StringAssert.Contains(setting.GetRawText(), "30s");
    }
}
