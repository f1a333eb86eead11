using System.IO.Compression;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Lunaria.Testing;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Tests.Hosting;

/// <summary>An encrypted pool, seen by a host and by whoever starts the program with or without its key.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux, IgnoreMessage = "Signals are sent with kill(2).")]
public sealed class EncryptionTests
{
    private static readonly byte[] Pattern = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("what a host wrote ", 300)))[..4096];

    [TestMethod]
    public async Task Without_its_key_a_pool_is_refused_and_left_as_it_is()
    {
        using var workplace = new Workplace();
        string key = workplace.WriteKey("pool.key", 1), other = workplace.WriteKey("other.key", 2);
        workplace.Configure(encryptionKey: key);
        await WriteAsync(workplace);
        var before = await HashAsync(workplace);
        foreach (var (wrong, says) in new[]
        {
            ((string?)null, "is encrypted, and backend.encryptionKey is not set"),
            (other, "is encrypted, and backend.encryptionKey is key "),
            ("file:none.key", $"The encryption key file {Path.Combine(workplace.Data, "none.key")} is not there"),
            ("environment:LUNARIA_TEST_NO_SUCH_KEY", "LUNARIA_TEST_NO_SUCH_KEY, which is not set"),
        })
        {
            workplace.Configure(encryptionKey: wrong);
            var (code, output, error) = await workplace.RunAsync();
            Assert.AreEqual((1, ""), (code, output), error);
            StringAssert.Contains(error, says);
            Assert.AreEqual(1, error.Split("lunaria: ").Length - 1, error);
            CollectionAssert.AreEqual(before, await HashAsync(workplace), error);
        }

        workplace.Configure(encryptionKey: key);
        using var lunaria = workplace.Start();
        using var host = Workplace.LogIn((await lunaria.WaitReadyAsync()).Portals[0], 0);
        CollectionAssert.AreEqual(Pattern, host.Read(8, 8).Data);
    }

    [TestMethod]
    public async Task A_key_that_stands_in_the_settings_is_refused_and_not_shown()
    {
        using var workplace = new Workplace(encryptionKey: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        var (code, output, error) = await workplace.RunAsync();
        Assert.AreEqual(2, code);
        StringAssert.Contains(error, "backend.encryptionKey");
        Assert.IsFalse((output + error).Contains("0123456789abcdef", StringComparison.Ordinal), error);
    }

    [TestMethod]
    public async Task After_a_rotation_the_next_key_opens_the_pool_and_no_report_shows_a_key()
    {
        using var workplace = new Workplace();
        string key = workplace.WriteKey("pool.key", 0x5A), next = workplace.WriteKey("next.key", 0xA7);
        workplace.Configure(web: "127.0.0.1:0", encryptionKey: key);
        using (var lunaria = workplace.Start())
        {
            var ready = await lunaria.WaitReadyAsync();
            using (var host = Workplace.LogIn(ready.Portals[0], 0))
                Assert.AreEqual(0, host.Write(8, Pattern).Status);
            using var client = workplace.Connect(ready);
            var before = (await client.GetFromJsonAsync<EncryptionView>("/api/v1/encryption"))!;
            using var answer = await client.PostAsJsonAsync("/api/v1/encryption/rotate", new { source = next });
            var view = (await answer.Content.ReadFromJsonAsync<EncryptionView>())!;
            Assert.AreEqual((true, 2, before.KeyIds[0]), (view.Encrypted, view.KeyIds.Count, view.KeyIds[0]));
            using (var wrong = await client.PostAsJsonAsync("/api/v1/encryption/rotate", new { source = new string('5', 64) }))
                Assert.IsFalse((await wrong.Content.ReadAsStringAsync()).Contains("5555555555555555", StringComparison.Ordinal));

            using var bundle = new ZipArchive(await (await client.GetAsync("/api/v1/support/bundle")).Content.ReadAsStreamAsync());
            string all = string.Concat(bundle.Entries.Select(entry => { using var reader = new StreamReader(entry.Open()); return reader.ReadToEnd(); })) + lunaria.Output;
            StringAssert.Contains(all, "encryption.rotate");
            foreach (var secret in new[] { "5a5a5a5a5a5a5a5a", "a7a7a7a7a7a7a7a7", Convert.ToBase64String(Enumerable.Repeat((byte)0x5A, 32).ToArray())[..16] })
                Assert.IsFalse(all.Contains(secret, StringComparison.OrdinalIgnoreCase), secret);
            lunaria.Signal(PosixSignal.SIGTERM);
            Assert.AreEqual(0, (await lunaria.WaitAsync()).Code);
        }

        workplace.Configure(encryptionKey: next);
        using (var lunaria = workplace.Start())
        {
            using (var host = Workplace.LogIn((await lunaria.WaitReadyAsync()).Portals[0], 0))
                CollectionAssert.AreEqual(Pattern, host.Read(8, 8).Data);
            lunaria.Signal(PosixSignal.SIGTERM);
            Assert.AreEqual(0, (await lunaria.WaitAsync()).Code);
        }

        workplace.Configure(encryptionKey: key);
        StringAssert.Contains((await workplace.RunAsync()).Error, "is encrypted, and backend.encryptionKey is key ");
    }

    [TestMethod]
    public async Task A_host_erases_its_disk_by_its_key_and_nothing_else()
    {
        using var workplace = new Workplace();
        workplace.Configure(encryptionKey: workplace.WriteKey("pool.key", 1));
        var others = RandomNumberGenerator.GetBytes(4096);
        using (var lunaria = workplace.Start())
        {
            using var host = Workplace.LogIn((await lunaria.WaitReadyAsync()).Portals[0], 0, 1);
            Assert.AreEqual(0, host.Write(8, Pattern).Status);
            Assert.AreEqual(0, host.Write(8, others, lun: 1).Status);
            Assert.IsTrue(await LogHasPatternAsync(workplace));
            // SANITIZE, CRYPTOGRAPHIC ERASE, IMMED
            Assert.AreEqual(0, Send(host, [0x48, 0x83, 0, 0, 0, 0, 0, 0, 0, 0]).Status);
            CommandResult ready;
            while ((ready = Send(host, new byte[6])).SenseCode == 0x02041B)
                await Task.Yield();
            Assert.AreEqual(0, ready.Status);
            Assert.IsFalse(await LogHasPatternAsync(workplace));
            Assert.AreEqual(0, host.Write(16, Pattern).Status);
            await lunaria.KillAsync();
        }

        using (var lunaria = workplace.Start())
        {
            using var host = Workplace.LogIn((await lunaria.WaitReadyAsync()).Portals[0], 0, 1);
            CollectionAssert.AreEqual(new byte[4096], host.Read(8, 8).Data);
            CollectionAssert.AreEqual(Pattern, host.Read(16, 8).Data);
            CollectionAssert.AreEqual(others, host.Read(8, 8, lun: 1).Data);
        }

        static CommandResult Send(ScriptedInitiator host, byte[] cdb)
        {
            host.Send(host.CommandHeader([.. cdb, .. new byte[16 - cdb.Length]]));
            return host.ReceiveResult();
        }
    }

    private static async Task<bool> LogHasPatternAsync(Workplace workplace)
    {
        foreach (var path in Directory.GetFiles(workplace.Data, "log-*", SearchOption.AllDirectories))
            if ((await File.ReadAllBytesAsync(path)).AsSpan().IndexOf(Pattern.AsSpan(0, 64)) >= 0)
                return true;
        return false;
    }

    private static async Task WriteAsync(Workplace workplace)
    {
        using var lunaria = workplace.Start();
        using (var host = Workplace.LogIn((await lunaria.WaitReadyAsync()).Portals[0], 0))
            Assert.AreEqual(0, host.Write(8, Pattern).Status);
        lunaria.Signal(PosixSignal.SIGTERM);
        Assert.AreEqual(0, (await lunaria.WaitAsync()).Code);
    }

    private static async Task<byte[]> HashAsync(Workplace workplace)
    {
        await using var pool = File.OpenRead(Path.Combine(workplace.Data, "pool.0"));
        return await SHA256.HashDataAsync(pool);
    }
}
