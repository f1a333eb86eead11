using System.Net;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Scsi;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests;

/// <summary>What a program writes that embeds a target; compiled and run so that it stays true.</summary>
[TestClass]
public class EmbeddingSample
{
    [TestMethod]
    public async Task A_target_in_ten_lines()
    {
        IBlockDevice medium = new RamBlockDevice(1 << 20);

        await using IscsiServer server = new(new IscsiServerOptions { Portals = [new IPEndPoint(IPAddress.Loopback, 0)] });
        IscsiTarget target = server.AddTarget("iqn.2026-11.org.example:disks", new IscsiTargetOptions
        {
            Access = [new InitiatorAccess("iqn.2026-11.org.example:host", new ChapCredentials("host", new ChapSecret("a secret of sixteen")))],
        });
        target.Luns.Add(0, new LogicalUnit(medium, new LogicalUnitOptions { Identity = Guid.NewGuid() }));
        await server.StartAsync();

        Assert.AreNotEqual(0, server.Portals[0].Port);
        Assert.HasCount(1, server.Targets);
    }
}
