namespace Lunaria.Page.Tests.Flows;

/// <summary>The first use, log-in and log-out, and who may see what.</summary>
[TestClass]
public sealed class FirstRunTests
{
    [TestMethod]
    public async Task The_first_password_needs_the_code_and_then_logs_in()
    {
        await using var appliance = await RunningAppliance.StartAsync();
        await using var visitor = await Visitor.ComeAsync(appliance, Looks.Of("narrow-light"));
        visitor.Expect("401");
        await visitor.Page.GotoAsync($"{appliance.Url}#XXXX-XXXX-XXXX");
        await visitor.SeeHeadingAsync("Welcome");
        Assert.AreEqual("/", new Uri(visitor.Page.Url).PathAndQuery + new Uri(visitor.Page.Url).Fragment, "the code does not stay in the address");
        await visitor.CheckAsync("first-run");
        await visitor.FillAsync("Password", "short");
        await visitor.PressAsync("Set the password");
        await visitor.SeeAsync("At least 8 characters.");
        await visitor.FillAsync("Password", Sample.Password);
        await visitor.FillAsync("Password again", Sample.Password + "x");
        await visitor.PressAsync("Set the password");
        await visitor.SeeAsync("This is not the same password.");
        await visitor.FillAsync("Password again", Sample.Password);
        await visitor.PressAsync("Set the password");
        await visitor.SeeAsync("The code is wrong.");
        await visitor.CheckAsync("first-run-wrong");
        await visitor.FillAsync("Code of this start", appliance.Code);
        await visitor.PressAsync("Set the password");
        await visitor.SeeHeadingAsync("Overview");

        var cookie = (await visitor.Page.Context.CookiesAsync()).Single();
        Assert.IsTrue(cookie.HttpOnly && cookie.Secure);
        Assert.AreEqual(Microsoft.Playwright.SameSiteAttribute.Strict, cookie.SameSite);

        await visitor.PressAsync("Menu");
        await visitor.PressAsync("Log out");
        await visitor.SeeHeadingAsync("Log in");
        await visitor.FillAsync("Name", "admin");
        await visitor.FillAsync("Password", "wrong password");
        await visitor.PressAsync("Log in");
        await visitor.SeeAsync("The name or the password is wrong.");
        await visitor.CheckAsync("log-in");
        await visitor.FillAsync("Password", Sample.Password);
        await visitor.PressAsync("Log in");
        await visitor.SeeHeadingAsync("Overview");
        visitor.NoTrouble("after log-in");
    }

    [TestMethod]
    public async Task A_reader_sees_and_changes_nothing()
    {
        await using var appliance = await RunningAppliance.StartAsync();
        await Sample.FillAsync(appliance);
        await using var visitor = await Visitor.LogInAsync(appliance, Looks.Wide, "guest");
        foreach (var (address, heading) in new[] { ("/volumes", "Volumes"), ("/volumes/db-primary", "db-primary"), ("/targets", "Targets"), ("/hosts", "Hosts and CHAP") })
        {
            await visitor.GoAsync(address, heading);
            var buttons = await visitor.Page.Locator("main .button").AllInnerTextsAsync();
            string[] changes = ["Create", "Delete", "Resize", "Rename", "Take", "Let a host in", "CHAP", "Connect a host", "Clone", "Roll back"];
            Assert.AreEqual("", string.Join(", ", buttons.Where(text => changes.Any(change => text.Contains(change, StringComparison.Ordinal)))), address);
        }

        Assert.AreEqual(0, await visitor.Page.GetByText("Audit log").CountAsync());
        visitor.NoTrouble("as a reader");
    }

    [TestMethod]
    public async Task A_log_in_that_was_ended_elsewhere_leads_back_to_the_door()
    {
        await using var appliance = await RunningAppliance.StartAsync();
        await Sample.FillAsync(appliance);
        await using var visitor = await Visitor.LogInAsync(appliance, Looks.Wide);
        visitor.Expect("401");
        await appliance.SendAsync(HttpMethod.Put, "users/admin", new { password = Sample.Password });
        // The page may have noticed by itself before: then there is no link any more to press.
        await visitor.Page.GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "Volumes", Exact = true }).EvaluateAllAsync<object?>("links => { links[0]?.click(); }");
        await visitor.SeeHeadingAsync("Log in");
    }
}
