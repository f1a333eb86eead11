namespace Lunaria.Page.Tests.Flows;

/// <summary>What is shown anew takes the focus away from nothing that stays: who goes by keyboard is not thrown back to the start of the page each five seconds.</summary>
[TestClass]
public sealed class FocusTests
{
    private static readonly (string What, string Before, string After)[] Cases =
    [
        ("what stood before it is gone", """[span(), button("x")]""", """[button("x")]"""),
        ("something comes before it", """[button("x")]""", """[span(), button("x")]"""),
        ("the row above is gone", """[row("a"), row("b", button("x"))]""", """[row("b", button("x"))]"""),
        ("a row comes above", """[row("b", button("x"))]""", """[row("a"), row("b", button("x"))]"""),
        ("the rows are sorted the other way", """[row("a"), row("b", button("x")), row("c")]""", """[row("c"), row("b", button("x")), row("a")]"""),
        ("its row comes to the top", """[row("a"), row("b"), row("c", button("x"))]""", """[row("c", button("x")), row("a")]"""),
        ("rows and other things are mixed", """[row("a"), span(), span(), button("x"), row("b")]""", """[row("b"), span(), button("x")]"""),
    ];

    [TestMethod]
    public async Task Focus_stays_where_it_is()
    {
        await using var appliance = await RunningAppliance.StartAsync();
        await using var visitor = await Visitor.ComeAsync(appliance, Looks.Wide);
        await visitor.Page.GotoAsync(appliance.Url.ToString());
        foreach (var (what, before, after) in Cases)
        {
            var seen = await visitor.Page.EvaluateAsync<string>($$"""
                async () => {
                  const { h, render } = await import(new URL("core/dom.js", document.querySelector("script[type=module]").src));
                  const span = () => h("span", {}, "busy"), button = (text) => h("button", {}, text), row = (key, ...content) => h("p", { key }, key, content);
                  const [place, wanted] = ["div", "div"].map((name) => document.body.appendChild(document.createElement(name)));
                  render(place, {{before}});
                  place.querySelector("button").focus();
                  render(place, {{after}});
                  wanted.append(...{{after}});
                  return `${document.activeElement.textContent}: ${place.innerHTML === wanted.innerHTML ? "as wanted" : place.innerHTML}`;
                }
                """);
            Assert.AreEqual("x: as wanted", seen, what);
        }

        visitor.NoTrouble("focus");
    }
}
