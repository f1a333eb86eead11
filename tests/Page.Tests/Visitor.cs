using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.Playwright;

namespace Lunaria.Page.Tests;

/// <summary>
/// Somebody with a browser who looks at an appliance's page and takes note of what must not be: errors in the console, requests to elsewhere, what the
/// soundness check finds. Screenshots go to artifacts/page.
/// </summary>
internal sealed class Visitor : IAsyncDisposable
{
    private static readonly string Soundness = ReadCheck("soundness.js");
    private static readonly string Screenshots = Path.Combine(FindRoot(), "artifacts", "page");

    private readonly IBrowserContext _context;
    private Looks _looks;
    private readonly ConcurrentQueue<string> _troubles = [];
    private readonly List<string> _expected = [];

    private Visitor(IBrowserContext context, IPage page, Looks looks) => (_context, Page, _looks) = (context, page, looks);

    public IPage Page { get; }

    public static async Task<Visitor> ComeAsync(RunningAppliance appliance, Looks looks)
    {
        var context = await Chromium.NewContextAsync(looks.Options);
        context.SetDefaultTimeout(60_000);
        var page = await context.NewPageAsync();
        var visitor = new Visitor(context, page, looks);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                visitor._troubles.Enqueue($"console: {message.Text} ({message.Location})");
        };
        page.PageError += (_, error) => visitor._troubles.Enqueue($"error: {error}");
        page.Request += (_, request) =>
        {
            if (new Uri(request.Url).Authority != appliance.Url.Authority)
                visitor._troubles.Enqueue($"a request to elsewhere: {request.Url}");
        };
        return visitor;
    }

    /// <summary>Comes and logs in as an administrator whom the API has made.</summary>
    public static async Task<Visitor> LogInAsync(RunningAppliance appliance, Looks looks, string name = "admin")
    {
        var visitor = await ComeAsync(appliance, looks);
        await visitor.Page.GotoAsync(appliance.Url.ToString());
        await visitor.FillAsync("Name", name);
        await visitor.FillAsync("Password", Sample.Password);
        await visitor.PressAsync("Log in");
        await visitor.SeeHeadingAsync("Overview");
        return visitor;
    }

    /// <summary>What may stand in the console from now on: a part of the text.</summary>
    public void Expect(string part) => _expected.Add(part);

    /// <summary>Turns the system's colours, as a visitor's evening does.</summary>
    public async Task LookAsync(Looks looks)
    {
        _looks = looks;
        await Page.EmulateMediaAsync(new() { ColorScheme = looks.Options.ColorScheme, ReducedMotion = ReducedMotion.Reduce });
        await Page.WaitForFunctionAsync("dark => document.documentElement.dataset.theme === (dark ? 'dark' : 'light')", looks.Dark);
    }

    public async Task GoAsync(string address, string heading)
    {
        await Page.GotoAsync(new Uri(new Uri(Page.Url), address).ToString());
        await SeeHeadingAsync(heading);
    }

    public Task SeeHeadingAsync(string text) => Page.GetByRole(AriaRole.Heading, new() { Name = text, Level = 1, Exact = true }).WaitForAsync();

    public Task SeeAsync(string text) => Inside().GetByText(text).First.WaitForAsync();

    /// <summary>Presses a button of the open dialog, or of the page.</summary>
    public Task PressAsync(string button) => Inside().GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();

    public Task FillAsync(string label, string text) => Inside().GetByLabel(label, new() { Exact = true }).FillAsync(text);

    public Task ChooseAsync(string label, string option) => Inside().GetByLabel(label, new() { Exact = true }).SelectOptionAsync(option);

    public Task TickAsync(string text) => Inside().Locator("label").Filter(new() { HasText = text }).Locator("input").CheckAsync();

    /// <summary>Until the dialog is gone.</summary>
    public Task DialogGoneAsync() => Page.Locator("dialog[open]").WaitForAsync(new() { State = WaitForSelectorState.Detached });

    /// <summary>Fails where something is wrong with what is shown; takes a picture of it.</summary>
    public async Task CheckAsync(string name)
    {
        Directory.CreateDirectory(Screenshots);
        await Page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"{name}-{_looks.Name}.png"), FullPage = await Page.Locator("dialog[open]").CountAsync() == 0 });
        var wrong = await Page.EvaluateAsync<string[]>(Soundness);
        Assert.AreEqual("", string.Join(Environment.NewLine, wrong.Take(20)), $"{name}, {_looks.Name}");
        NoTrouble(name);
    }

    /// <summary>Fails where the console or a request told of trouble.</summary>
    public void NoTrouble(string name)
    {
        var left = _troubles.Where(trouble => !_expected.Any(part => trouble.Contains(part, StringComparison.Ordinal)));
        Assert.AreEqual("", string.Join(Environment.NewLine, left), $"{name}, {_looks.Name}");
    }

    public async ValueTask DisposeAsync() => await _context.CloseAsync();

    private ILocator Inside() => Page.Locator("dialog[open], body:not(:has(dialog[open]))").First;

    private static string ReadCheck(string name)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Lunaria.slnx")))
            directory = directory.Parent!;
        return directory.FullName;
    }
}
