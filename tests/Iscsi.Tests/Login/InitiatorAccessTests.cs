using System.Net;
using Lunaria.Iscsi.Login;

namespace Lunaria.Iscsi.Tests.Login;

/// <summary>Which entry of an access list counts for an initiator.</summary>
[TestClass]
public sealed class InitiatorAccessTests
{
    private static readonly InitiatorAccess[] List =
        [new("*"), new("iqn.1998-01.com.vmware:*"), new("iqn.1998-01.com.vmware:esx1"), new("iqn.1998-01.com.vmware:esx1-*"), new("iqn.1991-05.com.Microsoft:host")];

    [TestMethod]
    [DataRow("iqn.1998-01.com.vmware:esx1", "iqn.1998-01.com.vmware:esx1")]
    [DataRow("iqn.1998-01.com.vmware:esx1-a", "iqn.1998-01.com.vmware:esx1-*")]
    [DataRow("iqn.1998-01.com.vmware:esx2", "iqn.1998-01.com.vmware:*")]
    [DataRow("iqn.1998-01.com.vmware:", "iqn.1998-01.com.vmware:*")]
    [DataRow("iqn.1998-01.com.vmware", "*")]
    [DataRow("iqn.1991-05.com.microsoft:host", "iqn.1991-05.com.microsoft:host")]
    [DataRow("iqn.1991-05.com.microsoft:host2", "*")]
    public void The_entry_that_says_most_of_the_name_counts_in_whatever_order_they_stand(string initiator, string expected)
    {
        Assert.AreEqual(expected, InitiatorAccess.Find(List, initiator, IPAddress.Loopback)!.InitiatorName);
        Assert.AreEqual(expected, InitiatorAccess.Find([.. List.Reverse()], initiator, IPAddress.Loopback)!.InitiatorName);
    }

    [TestMethod]
    public void Who_matches_no_entry_is_not_let_in()
    {
        Assert.IsNull(InitiatorAccess.Find([.. List.Skip(1)], "iqn.2026-11.com.example:host", IPAddress.Loopback));
        Assert.IsNull(InitiatorAccess.Find([], "iqn.1998-01.com.vmware:esx1", IPAddress.Loopback));
        // A star in the middle is a letter like any other: it would promise what it does not keep.
        Assert.IsNull(InitiatorAccess.Find([new("iqn.*:esx")], "iqn.1998-01.com.vmware:esx", IPAddress.Loopback));
    }

    [TestMethod]
    public void Who_comes_from_elsewhere_than_its_entry_says_is_not_let_in_by_another()
    {
        InitiatorAccess[] list = [new("*"), new("iqn.2026-11.test:host") { Addresses = [Range("10.1.0.0/16"), Range("2001:db8::/32")] }];
        foreach (string inside in (string[])["10.1.2.3", "::ffff:10.1.2.3", "2001:db8:1::5"])
            Assert.AreEqual("iqn.2026-11.test:host", InitiatorAccess.Find(list, "iqn.2026-11.test:host", IPAddress.Parse(inside))!.InitiatorName, inside);
        foreach (string outside in (string[])["10.2.0.1", "2001:db9::1", "::1"])
            Assert.IsNull(InitiatorAccess.Find(list, "iqn.2026-11.test:host", IPAddress.Parse(outside)), outside);
        Assert.AreEqual("*", InitiatorAccess.Find(list, "iqn.2026-11.test:other", IPAddress.Parse("10.2.0.1"))!.InitiatorName);
    }

    [TestMethod]
    [DataRow("10.1.2.3", "10.1.2.3", "10.1.2.3", "10.1.2.4")]
    [DataRow("10.1.2.3/32", "10.1.2.3", "10.1.2.3", "10.1.2.2")]
    [DataRow("10.1.255.3/17", "10.1.128.0/17", "10.1.200.1", "10.1.127.255")]
    [DataRow("0.0.0.0/0", "0.0.0.0/0", "255.1.1.1", "::2")]
    [DataRow("2001:DB8:0::1/33", "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1")]
    [DataRow("fe80::/10", "fe80::/10", "fe80::1%1", "10.0.0.1")]
    public void Ranges_are_read_written_and_searched(string text, string canonical, string inside, string outside)
    {
        AddressRange range = Range(text);
        Assert.AreEqual(canonical, range.ToString());
        Assert.AreEqual(range, Range(canonical));
        Assert.IsTrue(range.Contains(IPAddress.Parse(inside)));
        Assert.IsFalse(range.Contains(IPAddress.Parse(outside)));
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("10")]
    [DataRow("10.1.2")]
    [DataRow("010.1.2.3")]
    [DataRow("10.1.2.3/33")]
    [DataRow("10.1.2.3/-1")]
    [DataRow("10.1.2.3/")]
    [DataRow("10.1.2.3/8/8")]
    [DataRow("::ffff:10.1.2.3")]
    [DataRow("fe80::1%eth0")]
    [DataRow("host.example.com")]
    public void What_is_no_range_is_refused(string text) => Assert.IsFalse(AddressRange.TryParse(text, out _));

    private static AddressRange Range(string text) => AddressRange.TryParse(text, out AddressRange? range) ? range : throw new FormatException(text);
}
