using Lunaria.Appliance.Cli.Verbs;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Tests.Cli;

[TestClass]
public sealed class MarkTextTests
{
    [TestMethod]
    [DataRow("20%, 100GiB, 7d", "20%, 100GiB, 7d")]
    [DataRow("7d,20%", "20%, 7d")]
    [DataRow("0.5%", "0.5%")]
    [DataRow("10min", "10min")]
    [DataRow("36h", "1.5d")]
    [DataRow("none", "none")]
    public void A_mark_is_read_and_written(string text, string written)
    {
        Assert.IsTrue(MarkText.TryParse(text, out var mark));
        Assert.AreEqual(written, MarkText.Write(mark));
        Assert.IsTrue(MarkText.TryParse(written, out var again));
        Assert.AreEqual(mark, again);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("20")]
    [DataRow("20%, 30%")]
    [DataRow("-5%")]
    [DataRow("7d, 3h")]
    [DataRow("soon")]
    public void What_is_no_mark_is_refused(string text) => Assert.IsFalse(MarkText.TryParse(text, out MarkView _));
}
