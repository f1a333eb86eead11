using Microsoft.Playwright;

namespace Lunaria.Page.Tests;

/// <summary>How the page is looked at: a width and a colour scheme.</summary>
internal sealed record Looks(string Name, int Width, int Height, bool Dark)
{
    public static readonly Looks Wide = new("wide-light", 1280, 860, false);

    /// <summary>Two widths, each light and dark.</summary>
    public static readonly Looks[] All = [Wide, new("wide-dark", 1280, 860, true), new("narrow-light", 390, 844, false), new("narrow-dark", 390, 844, true)];

    public static Looks Of(string name) => All.Single(looks => looks.Name == name);

    public BrowserNewContextOptions Options => new()
    {
        IgnoreHTTPSErrors = true,
        ViewportSize = new() { Width = Width, Height = Height },
        ColorScheme = Dark ? ColorScheme.Dark : ColorScheme.Light,
        ReducedMotion = ReducedMotion.Reduce,
        TimezoneId = "UTC",
        Locale = "en-GB",
    };
}
