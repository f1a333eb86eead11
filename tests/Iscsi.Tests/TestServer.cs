using System.Net;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Scsi;
using Lunaria.Testing;
using Microsoft.Extensions.Logging;

namespace Lunaria.Iscsi.Tests;

/// <summary>A server on a free loopback port with one target and one medium in memory.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public const string TargetName = "iqn.2026-11.test:target";

    private TestServer(IscsiServer server, IscsiTarget target, RamBlockDevice medium)
    {
        Server = server;
        Target = target;
        Medium = medium;
    }

    public IscsiServer Server { get; }
    public IscsiTarget Target { get; }
    public RamBlockDevice Medium { get; }
    public IPEndPoint Portal => Server.Portals[0];

    public static async Task<TestServer> StartAsync(
        Func<IscsiServerOptions, IscsiServerOptions>? change = null, int mediumBytes = 16 << 20, IReadOnlyList<InitiatorAccess>? access = null,
        ILogger<IscsiServer>? logger = null, int blockBytes = 512)
    {
        IscsiServerOptions options = new() { Portals = [new(IPAddress.Loopback, 0)], DrainTimeout = TimeSpan.FromMilliseconds(100) };
        IscsiServer server = new(change?.Invoke(options) ?? options, logger);
        IscsiTarget target = server.AddTarget(TargetName, access is null ? new() : new() { Access = access });
        RamBlockDevice medium = new(mediumBytes, blockBytes);
        target.Luns.Add(0, new LogicalUnit(medium, new() { Identity = Guid.NewGuid() }));
        await server.StartAsync();
        return new(server, target, medium);
    }

    public ScriptedInitiator Connect(ulong? isid = null)
    {
        ScriptedInitiator initiator = new(Portal);
        if (isid is ulong own) initiator.Isid = own;
        return initiator;
    }

    /// <summary>An initiator that is logged in and has heard its unit attention.</summary>
    public ScriptedInitiator LogIn(ulong? isid = null, params ReadOnlySpan<(string Key, string Value)> keys)
    {
        ScriptedInitiator initiator = Connect(isid);
        initiator.Login(TargetName, keys);
        initiator.ClearUnitAttention();
        return initiator;
    }

    /// <summary>A further connection of the session of <paramref name="first"/>.</summary>
    public ScriptedInitiator Join(ScriptedInitiator first, ushort connectionId, params ReadOnlySpan<(string Key, string Value)> keys)
    {
        ScriptedInitiator further = NewConnection(first, connectionId);
        further.Login(TargetName, keys);
        return further;
    }

    /// <summary>A connection that is to join the session of <paramref name="first"/> and has not logged in.</summary>
    public ScriptedInitiator NewConnection(ScriptedInitiator first, ushort connectionId)
    {
        ScriptedInitiator further = Connect(first.Isid);
        (further.InitiatorName, further.Tsih, further.ConnectionId, further.Numbers) = (first.InitiatorName, first.Tsih, connectionId, first.Numbers);
        return further;
    }

    public async ValueTask DisposeAsync()
    {
        Medium.LetGo();
        await Server.DisposeAsync();
        Assert.AreEqual(0, Server.Context.Pool.RentedBytes, "Buffers have not come back to the pool.");
    }
}
