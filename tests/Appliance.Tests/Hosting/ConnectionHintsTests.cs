using System.Net;
using Lunaria.Appliance.Hosting;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Tests.Hosting;

[TestClass]
public sealed class ConnectionHintsTests
{
    private static readonly TargetView Open = new("iqn.2026-11.test:a", 1, [], [new InitiatorView("iqn.2026-11.test:a", "*", null, null, [], null)], 0);
    private static readonly TargetView Closed = new("iqn.2026-11.test:b", 2, [], [new InitiatorView("iqn.2026-11.test:b", "*", "host1", null, [], null)], 0);

    [TestMethod]
    public void The_ready_line_has_its_documented_form()
    {
        IPEndPoint[] portals = [IPEndPoint.Parse("127.0.0.1:3260"), IPEndPoint.Parse("[::1]:3261")];
        Assert.AreEqual(
            "ready portals=127.0.0.1:3260,[::1]:3261 targets=iqn.2026-11.test:a,iqn.2026-11.test:b web=https://127.0.0.1:8480",
            ConnectionHints.ReadyLine(portals, [Open, Closed], "https://127.0.0.1:8480"));
        Assert.AreEqual("ready portals=127.0.0.1:3260 targets= web=off", ConnectionHints.ReadyLine(portals[..1], [], null));
    }

    [TestMethod]
    public void Every_kind_of_host_is_told_portal_and_name()
    {
        var text = Text(["192.0.2.1:3260", "[2001:db8::1]:3261"], [Open]);
        StringAssert.Contains(text, "iscsiadm -m discovery -t sendtargets -p 192.0.2.1:3260");
        StringAssert.Contains(text, "iscsiadm -m discovery -t sendtargets -p [2001:db8::1]:3261");
        StringAssert.Contains(text, "iscsiadm -m node -T iqn.2026-11.test:a -p 192.0.2.1:3260 --login");
        StringAssert.Contains(text, "New-IscsiTargetPortal -TargetPortalAddress 2001:db8::1 -TargetPortalPortNumber 3261");
        StringAssert.Contains(text, "Connect-IscsiTarget -NodeAddress iqn.2026-11.test:a");
        StringAssert.Contains(text, "sendtarget add --adapter=vmhba64 --address=192.0.2.1:3260");
    }

    [TestMethod]
    [DataRow("[2001:db8::1]:3261", "[2001:db8::1]:3261")]
    [DataRow("0.0.0.0:3260", "192.0.2.1:3260")]
    [DataRow("[::]:3261", "[2001:db8::1]:3261")]
    [DataRow("198.51.100.1:3260", "198.51.100.1:3260")]
    public void A_target_that_is_shown_on_some_portals_only_is_logged_in_to_there(string own, string expected) =>
        StringAssert.Contains(Text(["192.0.2.1:3260", "[2001:db8::1]:3261"], [Open with { Portals = [own] }]), $"iscsiadm -m node -T iqn.2026-11.test:a -p {expected} --login");

    [TestMethod]
    public void A_target_with_chap_names_the_user_and_never_the_secret()
    {
        var text = Text(["192.0.2.1:3260"], [Closed]);
        StringAssert.Contains(text, "node.session.auth.username -v host1");
        StringAssert.Contains(text, "-ChapUsername host1");
        StringAssert.Contains(text, "--authname=host1");
        StringAssert.Contains(text, "SECRET");
    }

    [TestMethod]
    [DataRow("0.0.0.0:3260", "0.0.0.0")]
    [DataRow("[::]:3260", "[::]")]
    public void A_wildcard_becomes_an_address_that_hosts_can_use(string portal, string wildcard) =>
        Assert.DoesNotContain(wildcard, Text([portal], [Open]));

    [TestMethod]
    public void Many_targets_are_counted_and_not_all_shown()
    {
        var targets = Enumerable.Range(0, 200).Select(i => Open with { Iqn = $"iqn.2026-11.test:{i}" }).ToArray();
        var lines = ConnectionHints.Commands([IPEndPoint.Parse("192.0.2.1:3260")], targets).ToList();
        Assert.IsLessThan(30, lines.Count);
        StringAssert.Contains(lines[^1], "200 targets");
    }

    private static string Text(string[] portals, TargetView[] targets) =>
        string.Join('\n', ConnectionHints.Commands(portals.Select(IPEndPoint.Parse), targets));
}
