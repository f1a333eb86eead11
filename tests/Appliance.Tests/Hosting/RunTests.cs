using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Lunaria.Testing;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Tests.Hosting;

/// <summary>The life of the built program, seen by a host and by whoever starts it.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux, IgnoreMessage = "Signals are sent with kill(2).")]
public sealed class RunTests
{
    private static readonly byte[] Pattern = [.. Enumerable.Range(0, 4096).Select(i => (byte)(i * 7))];

    [TestMethod]
    [DataRow(PosixSignal.SIGTERM)]
    [DataRow(PosixSignal.SIGINT)]
    public async Task A_signal_stops_in_order_and_the_second_start_serves_the_same_data(PosixSignal signal)
    {
        using var workplace = new Workplace();
        byte[] identity;
        using (var lunaria = workplace.Start())
        {
            var ready = await lunaria.WaitReadyAsync();
            Assert.AreEqual(Workplace.Iqn, ready.Targets.Single());
            Assert.AreEqual("off", ready.Web);
            StringAssert.Contains(lunaria.Output, $"iscsiadm -m node -T {Workplace.Iqn} -p {ready.Portals.Single()} --login");
            using (var host = Workplace.LogIn(ready.Portals[0], 0, 1))
            {
                Assert.AreEqual(0, host.Write(8, Pattern).Status);
                Assert.AreEqual(0, host.Write(((64L << 40) / 512) - 8, Pattern, lun: 1).Status);
                identity = Identify(host);
            }

            await StopAsync(lunaria, signal);
        }

        using (var lunaria = workplace.Start("run"))
        {
            var ready = await lunaria.WaitReadyAsync();
            using (var host = Workplace.LogIn(ready.Portals[0], 0, 1))
            {
                CollectionAssert.AreEqual(Pattern, host.Read(8, 8).Data);
                CollectionAssert.AreEqual(new byte[4096], host.Read(16, 8).Data);
                CollectionAssert.AreEqual(Pattern, host.Read(((64L << 40) / 512) - 8, 8, lun: 1).Data);
                CollectionAssert.AreEqual(identity, Identify(host));
            }

            await StopAsync(lunaria, signal);
        }
    }

    [TestMethod]
    public async Task What_was_answered_survives_a_kill()
    {
        using var workplace = new Workplace();
        using (var lunaria = workplace.Start())
        {
            using var host = Workplace.LogIn((await lunaria.WaitReadyAsync()).Portals[0], 0);
            for (var i = 0; i < 64; i++)
                Assert.AreEqual(0, host.Write(i * 8, Pattern).Status);
            await lunaria.KillAsync();
        }

        using (var lunaria = workplace.Start())
        {
            using var host = Workplace.LogIn((await lunaria.WaitReadyAsync()).Portals[0], 0);
            for (var i = 0; i < 64; i++)
                CollectionAssert.AreEqual(Pattern, host.Read(i * 8, 8).Data, $"block {i}");
        }
    }

    [TestMethod]
    public async Task A_second_process_on_the_directory_is_refused_by_name_and_number()
    {
        using var workplace = new Workplace();
        using var lunaria = workplace.Start();
        await lunaria.WaitReadyAsync();
        var (code, output, error) = await workplace.RunAsync();
        Assert.AreEqual(1, code);
        Assert.AreEqual("", output);
        StringAssert.Contains(error, workplace.Data);
        StringAssert.Contains(error, $"in use by process {lunaria.Id}");
        AssertOneLine(error);
    }

    [TestMethod]
    public async Task A_taken_portal_is_named()
    {
        using var workplace = new Workplace();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var taken = listener.LocalEndpoint.ToString()!;
        var (code, _, error) = await workplace.RunAsync("--portal", "127.0.0.1:0", "--portal", taken);
        Assert.AreEqual(1, code);
        StringAssert.Contains(error, $"the portal {taken} cannot be opened");
    }

    [TestMethod]
    public async Task A_taken_port_of_the_api_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var workplace = new Workplace(web: listener.LocalEndpoint.ToString()!);
        var (code, _, error) = await workplace.RunAsync();
        Assert.AreEqual(1, code);
        StringAssert.Contains(error, $"cannot listen on {listener.LocalEndpoint}");
    }

    [TestMethod]
    public async Task A_data_directory_that_cannot_be_is_named()
    {
        using var workplace = new Workplace();
        await File.WriteAllTextAsync(workplace.Data, "a file");
        var (code, _, error) = await workplace.RunAsync();
        Assert.AreEqual(1, code);
        StringAssert.Contains(error, $"the directory {workplace.Data} cannot be used");
        AssertOneLine(error);
    }

    [TestMethod]
    public async Task A_missing_pool_component_is_named_and_not_made_anew()
    {
        using var workplace = new Workplace();
        await RunOnceAsync(workplace);
        var component = Path.Combine(workplace.Data, "pool.0");
        File.Delete(component);
        var (code, _, error) = await workplace.RunAsync();
        Assert.AreEqual(1, code);
        StringAssert.Contains(error, $"does not exist at {component}");
        Assert.IsFalse(File.Exists(component));
    }

    [TestMethod]
    public async Task Missing_metadata_beside_a_used_pool_comes_back_from_the_pool()
    {
        using var workplace = new Workplace();
        using (var lunaria = workplace.Start())
        {
            using (var host = Workplace.LogIn((await lunaria.WaitReadyAsync()).Portals[0], 0))
                Assert.AreEqual(0, host.Write(8, Pattern).Status);
            await StopAsync(lunaria, PosixSignal.SIGTERM);
        }

        foreach (var file in Directory.EnumerateFiles(workplace.Data, "lunaria.db*"))
            File.Delete(file);
        using var again = workplace.Start();
        using (var host = Workplace.LogIn((await again.WaitReadyAsync()).Portals[0], 0))
            CollectionAssert.AreEqual(Pattern, host.Read(8, 8).Data);
        await StopAsync(again, PosixSignal.SIGTERM);
    }

    [TestMethod]
    public async Task A_second_signal_ends_a_slow_stop_at_once()
    {
        using var workplace = new Workplace(drainTimeout: "5min");
        using var lunaria = workplace.Start();
        using var host = Workplace.LogIn((await lunaria.WaitReadyAsync()).Portals[0], 0);
        lunaria.Signal(PosixSignal.SIGTERM);
        Assert.AreEqual(0x32, host.TryReceive()!.Header[0] & 0x3F, "Async Message (RFC 7143 11.9): the host is asked to log out, and does not");
        lunaria.Signal(PosixSignal.SIGTERM);
        Assert.AreEqual(1, (await lunaria.WaitAsync()).Code);
    }

    [TestMethod]
    public async Task Chap_of_the_file_is_demanded_and_its_secrets_are_nowhere_else()
    {
        using var workplace = new Workplace(chap: new { user = "host1", secret = "hush hush hush", mutualUser = "me", mutualSecret = "mum mum mum mum" });
        using var lunaria = workplace.Start();
        var ready = await lunaria.WaitReadyAsync();
        using var host = new ScriptedInitiator(ready.Portals[0]);
        Assert.Throws<InvalidOperationException>(() => host.Login(Workplace.Iqn));
        lunaria.Signal(PosixSignal.SIGTERM);
        var (code, error) = await lunaria.WaitAsync();
        Assert.AreEqual(0, code);
        foreach (var text in Directory.EnumerateFiles(workplace.Data, "*", SearchOption.AllDirectories)
            .Where(file => new FileInfo(file).Length < 10 << 20).Select(File.ReadAllText).Append(error).Append(lunaria.Output))
        {
            Assert.DoesNotContain("hush hush", text);
            Assert.DoesNotContain("mum mum", text);
        }
    }

    [TestMethod]
    public async Task Bootstrap_creates_what_is_absent_and_changes_nothing_that_exists()
    {
        using var workplace = new Workplace(luns: [Workplace.Lun(0, "v0", "1GiB")]);
        await RunOnceAsync(workplace);
        workplace.Configure(luns: [Workplace.Lun(0, "other", "1GiB"), Workplace.Lun(2, "v0", "2GiB"), Workplace.Lun(5, "v5", "1MiB")], web: "127.0.0.1:0");
        using var lunaria = workplace.Start();
        var ready = await lunaria.WaitReadyAsync();
        using var client = workplace.Connect(ready);
        var luns = (await client.GetFromJsonAsync("/api/v1/luns", ApiJson.Default.IReadOnlyListLunView))!.Select(lun => $"{lun.Lun}: {lun.Volume} {lun.SizeBytes}");
        Assert.AreEqual($"0: v0 {1L << 30}, 2: v0 {1L << 30}, 5: v5 {1L << 20}", string.Join(", ", luns));
        await StopAsync(lunaria, PosixSignal.SIGTERM);
    }

    [TestMethod]
    public async Task The_api_tells_what_is_served()
    {
        using var workplace = new Workplace(web: "127.0.0.1:0");
        using var lunaria = workplace.Start();
        var ready = await lunaria.WaitReadyAsync();
        using var host = Workplace.LogIn(ready.Portals[0], 0);
        Assert.AreEqual(0, host.Write(8, Pattern).Status);
        using var client = workplace.Connect(ready);
        Assert.AreEqual("ready\n", await client.GetStringAsync("/readyz"));
        var status = (await client.GetFromJsonAsync("/api/v1/status", ApiJson.Default.StatusView))!;
        Assert.AreEqual(1, status.Sessions);
        Assert.AreEqual(ready.Portals[0].ToString(), status.Portals[0]);
        Assert.AreEqual("Online", status.Engine!.Health);
        Assert.AreEqual(256L << 20, status.Engine.LogCapacityBytes);
        Assert.IsGreaterThan(1L << 30, status.Pool!.FreeBytes);
        var volume = (await client.GetFromJsonAsync("/api/v1/volumes", ApiJson.Default.IReadOnlyListVolumeView))![0];
        Assert.AreEqual(4096, volume.MappedBytes + volume.InLogBytes);
        await StopAsync(lunaria, PosixSignal.SIGTERM);
    }

    [TestMethod]
    public async Task Portals_change_while_hosts_are_served()
    {
        using var workplace = new Workplace(web: "127.0.0.1:0", drainTimeout: "1s");
        using var lunaria = workplace.Start();
        var ready = await lunaria.WaitReadyAsync();
        using var host = Workplace.LogIn(ready.Portals[0], 0);
        var added = FreePort();
        var (code, _, error) = await workplace.RunAsync("settings", "set", $"iscsi.portals=[\"{added}\"]");
        Assert.AreEqual(0, code, error);
        using (var elsewhere = new ScriptedInitiator(IPEndPoint.Parse(added)) { Isid = 2 })
        {
            elsewhere.Login(Workplace.Iqn);
            elsewhere.ClearUnitAttention();
            Assert.AreEqual(0x32, host.TryReceive()!.Header[0] & 0x3F, "the host of the portal that goes is asked to log out");
            Assert.IsTrue(host.IsClosedByTarget());
            Assert.AreEqual(0, elsewhere.Read(0, 8).Status);
        }

        (code, _, error) = await workplace.RunAsync("settings", "set", $"iscsi.portals=[\"{added}\", \"192.0.2.77:3260\"]");
        Assert.AreNotEqual(0, code);
        StringAssert.Contains(error, "the portal 192.0.2.77:3260 cannot be opened");
        Assert.DoesNotContain("192.0.2.77", await File.ReadAllTextAsync(Path.Combine(workplace.FullPath, "appliance.json")));
        new ScriptedInitiator(IPEndPoint.Parse(added)).Dispose();
        await StopAsync(lunaria, PosixSignal.SIGTERM);
    }

    private static string FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return $"127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}";
    }

    private static async Task RunOnceAsync(Workplace workplace)
    {
        using var lunaria = workplace.Start();
        await lunaria.WaitReadyAsync();
        await StopAsync(lunaria, PosixSignal.SIGTERM);
    }

    private static async Task StopAsync(LunariaProcess lunaria, PosixSignal signal)
    {
        lunaria.Signal(signal);
        var (code, error) = await lunaria.WaitAsync();
        Assert.AreEqual(0, code, error);
    }

    /// <summary>The device identification page (SPC-4 7.8.6): a host knows the disk by it.</summary>
    private static byte[] Identify(ScriptedInitiator host)
    {
        host.Send(host.CommandHeader([0x12, 1, 0x83, 0, 255, 0], 255, read: true));
        var result = host.ReceiveResult();
        Assert.AreEqual(0, result.Status);
        return result.Data;
    }

    private static void AssertOneLine(string error) => Assert.HasCount(1, error.Split('\n', StringSplitOptions.RemoveEmptyEntries), error);
}
