using System.CommandLine;
using Lunaria.Appliance.Cli;
using Lunaria.Appliance.Tests.Hosting;
using Lunaria.Testing;

namespace Lunaria.Appliance.Tests.Cli;

/// <summary>Every verb's <c>--help</c> example, typed as it stands there, does what it says.</summary>
[TestClass]
public sealed class ExampleTests
{
    /// <summary>
    /// The order in which the examples make sense together, one appliance for all. What a line needs that no example makes stands before it, without
    /// <c>lunaria</c> in front of it.
    /// </summary>
    private static readonly string[] Order =
    [
        "status", "encryption status", "encryption rotate", "encryption renew", "pool status", "pool add", "pool evacuate", "pool remove", "pool copies", "pool label", "pool dump", "pool clear", "+pool destroy", "watermarks show", "watermarks set", "settings show", "settings set", "volume create", "volume list", "volume show", "volume resize",
        "volume limit", "cache status", "cache add", "cache mode", "cache limit", "cache remove",
        "snapshot create", "snapshot list", "snapshot show", "+snapshot diff",
        "volume export", "volume import", "volume space",
        "volume clone", "schedule create", "schedule list", "schedule show", "schedule edit", "schedule run", "schedule preview", "schedule delete",
        "volume rollback", "+volume template", "volume check", "volume recover", "pool audit", "backend status", "backend flush", "gc status", "gc pause", "gc resume", "gc limit", "gc run", "scrub status", "scrub limit", "backup create", "job list", "job watch", "job cancel", "target create", "target list", "target show", "lun map", "lun list", "initiator allow", "initiator chap", "initiator addresses", "initiator luns",
        "initiator list", "initiator deny", "session list", "+session kick", "target redirect", "target portals", "lun unmap", "target delete", "snapshot delete", "volume promote", "volume flatten", "volume rename",
        "+volume delete", "passwd", "+user delete", "user list", "token create", "token list", "token revoke", "audit list", "support bundle",
        "event list", "event watch",
    ];

    /// <summary>Verbs that are tried by other tests: they do not speak to a running appliance, or are it.</summary>
    private static readonly string[] Local = ["run", "check", "fsck", "import", "recovery-key", "schema", "version", "completion"];

    [TestMethod]
    public async Task Every_example_runs()
    {
        var examples = Examples(CommandLine.CreateRoot(), "").ToDictionary(example => example.Verb, example => example.Line);
        CollectionAssert.AreEquivalent(Order.Select(verb => verb.TrimStart('+')).Concat(Local).ToArray(), examples.Keys.ToArray(), "a verb without an example, or an example that is not run");

        using var workplace = new Workplace();
        workplace.Configure(web: "127.0.0.1:0", encryptionKey: workplace.WriteKey("pool.key", 1));
        using var lunaria = workplace.Start();
        var ready = await lunaria.WaitReadyAsync();
        await File.WriteAllTextAsync(Path.Combine(workplace.FullPath, "secret.txt"), "hush hush hush\n");
        await File.WriteAllTextAsync(Path.Combine(workplace.FullPath, "password.txt"), "correct horse\n");
        File.Move(workplace.WriteKey("next.key", 2)["file:".Length..], Path.Combine(workplace.Data, "next.key"));
        // As from another machine.
        await RunAsync(workplace, $"status --server {ready.Web} --token-file data/web/token --certificate data/web/certificate.pem");
        ScriptedInitiator? host = null;
        foreach (var verb in Order)
        {
            // Not before: it answers no pings, so its session ends by itself after a while.
            if (verb == "session list")
                host = Workplace.LogIn(ready.Portals[0], 0);
            if (verb == "+snapshot diff")
                await RunAsync(workplace, "snapshot create disk1 tuesday");
            if (verb == "+volume template")
                await RunAsync(workplace, "volume create golden --size 1GiB");
            if (verb == "+volume delete")
                await RunAsync(workplace, "volume create disk1 --size 64GiB");
            if (verb == "+user delete")
                await RunAsync(workplace, "passwd guest --role read-only < password.txt");
            if (verb == "+pool destroy")
                await RunAsync(workplace, examples["pool label"]);
            await RunAsync(workplace, examples[verb.TrimStart('+')]);
        }

        // Its session was kicked: it is told so at most, then nothing more comes.
        Assert.IsTrue(host!.TryReceive() == null || host.TryReceive() == null);
        host.Dispose();
    }

    private static IEnumerable<(string Verb, string Line)> Examples(Command command, string path)
    {
        foreach (var verb in command.Subcommands)
        {
            var name = path.Length == 0 ? verb.Name : $"{path} {verb.Name}";
            if (verb.Subcommands.Count == 0)
                yield return (name, verb.Description!.Split("Example: lunaria ")[1]);
            foreach (var example in Examples(verb, name))
                yield return example;
        }
    }

    private static async Task RunAsync(Workplace workplace, string line)
    {
        var parts = line.Split(" < ");
        var input = parts.Length == 2 ? await File.ReadAllTextAsync(Path.Combine(workplace.FullPath, parts[1])) : "";
        var (code, _, error) = await LunariaProcess.RunAsync(workplace.FullPath, [.. parts[0].Split(' ').Select(word => word.Trim('\''))], input);
        Assert.AreEqual(0, code, $"lunaria {line}: {error}");
    }
}
