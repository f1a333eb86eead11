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
        Assert.AreEqual(expected, InitiatorAccess.Find(List, initiator)!.InitiatorName);
        Assert.AreEqual(expected, InitiatorAccess.Find([.. List.Reverse()], initiator)!.InitiatorName);
    }

    [TestMethod]
    public void Who_matches_no_entry_is_not_let_in()
    {
        Assert.IsNull(InitiatorAccess.Find([.. List.Skip(1)], "iqn.2026-11.com.example:host"));
        Assert.IsNull(InitiatorAccess.Find([], "iqn.1998-01.com.vmware:esx1"));
        // A star in the middle is a letter like any other: it would promise what it does not keep.
        Assert.IsFalse(new InitiatorAccess("iqn.*:esx").Matches("iqn.1998-01.com.vmware:esx"));
    }
}
