using Lunaria.Appliance.Cli;

namespace Lunaria.Appliance.Tests.Cli;

/// <summary>The built program as scripts see it: exit codes, and what stands on which stream.</summary>
[TestClass]
public sealed class CommandLineTests
{
    private const string Least = """{ "schemaVersion": 1 }""";

    [TestMethod]
    public async Task Version_says_what_runs_here()
    {
        using var directory = new TemporaryDirectory();
        var (code, output, error) = await LunariaProcess.RunAsync(directory.FullPath, "version");
        Assert.AreEqual(0, code);
        StringAssert.Matches(output, new(@"^lunaria \d+\.\d+\.\d+ \(\.NET 10\.\S+, \S+\)\r?\n$"));
        Assert.AreEqual("", error);
    }

    [TestMethod]
    public async Task Help_shows_each_verb_with_an_example()
    {
        using var directory = new TemporaryDirectory();
        var (code, output, _) = await LunariaProcess.RunAsync(directory.FullPath, "--help");
        Assert.AreEqual(0, code);
        foreach (var verb in (string[])["run", "check", "schema", "version"])
            StringAssert.Contains(output, $"Example: lunaria {verb}");
    }

    [TestMethod]
    public async Task Check_finds_the_file_in_the_current_directory()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["appliance.json"], Least);
        var (code, output, error) = await LunariaProcess.RunAsync(directory.FullPath, "check", "--portal", "127.0.0.1:1", "--portal", "[::1]:2");
        Assert.AreEqual(0, code, error);
        StringAssert.Contains(output, "portals 127.0.0.1:1, [::1]:2");
        StringAssert.Contains(output, directory["data"]);
        Assert.IsFalse(Directory.Exists(directory["data"]), "check must touch nothing");
    }

    [TestMethod]
    [DataRow("check")]
    [DataRow("run")]
    [DataRow("")]
    public async Task Wrong_settings_end_with_2_and_all_errors(string verb)
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["x.json"], """{ "schemaVersion": 1, "logg": {}, "iscsi": { "portals": ["nonsense"] } }""");
        string[] arguments = verb.Length == 0 ? ["--config", "x.json"] : [verb, "--config", "x.json"];
        var (code, output, error) = await LunariaProcess.RunAsync(directory.FullPath, arguments);
        Assert.AreEqual(2, code);
        Assert.AreEqual("", output);
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.HasCount(2, lines);
        StringAssert.StartsWith(lines[0], "x.json: logg: ");
        StringAssert.StartsWith(lines[1], "x.json: iscsi.portals[0]: \"nonsense\" ");
        Assert.IsFalse(Directory.Exists(directory["data"]));
    }

    [TestMethod]
    [DataRow("lunaria: see lunaria watermarks set --help", "watermarks", "set", "pool", "--low", "1%")]
    [DataRow("lunaria: see lunaria volume --help", "volume", "shw", "disk1")]
    [DataRow("lunaria: see lunaria --help", "nonsense")]
    public async Task Whoever_is_wrong_hears_which_help_to_read(string last, params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        Assert.AreEqual(2, await CommandLine.InvokeAsync(arguments, output, error));
        Assert.AreEqual(last, error.ToString().TrimEnd().Split(Environment.NewLine)[^1]);
    }

    [TestMethod]
    [DataRow("lunaria: gc needs a verb: status, pause, resume, limit, run", "gc")]
    [DataRow("lunaria: stop is no verb of gc: status, pause, resume, limit, run", "gc", "stop", "now")]
    [DataRow("lunaria: --server storage1 is not the address of an API: write https://HOST:PORT", "status", "--server", "storage1")]
    [DataRow("lunaria: --server http://storage1:8480 is not the address of an API: write https://HOST:PORT", "status", "--server", "http://storage1:8480")]
    [DataRow("lunaria: --server needs a token: --token-file FILE, or LUNARIA_TOKEN (lunaria token create makes one)", "status", "--server", "https://storage1:8480")]
    public async Task What_is_wrong_is_said_first(string first, params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        Assert.AreEqual(2, await CommandLine.InvokeAsync(arguments, output, error));
        Assert.AreEqual(first, error.ToString().Split(Environment.NewLine)[0]);
    }

    [TestMethod]
    [DataRow("--nonsense")]
    [DataRow("nonsense")]
    [DataRow("run", "--portal", "nowhere")]
    [DataRow("run", "--portal")]
    [DataRow("run", "--config")]
    [DataRow("check", "--config", "absent.json")]
    [DataRow("check", "extra")]
    public async Task A_wrong_command_line_ends_with_2_and_says_so(params string[] arguments)
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["appliance.json"], Least);
        var (code, output, error) = await LunariaProcess.RunAsync(directory.FullPath, arguments);
        Assert.AreEqual(2, code);
        Assert.AreEqual("", output);
        StringAssert.Contains(error, arguments[^1]);
        Assert.DoesNotContain("   at ", error, "no stack trace");
    }

    [TestMethod]
    public async Task Options_before_the_verb_count_as_well()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["x.json"], Least);
        var (code, output, error) = await LunariaProcess.RunAsync(directory.FullPath, "--config", "x.json", "--data", "elsewhere", "check");
        Assert.AreEqual(0, code, error);
        StringAssert.Contains(output, directory["elsewhere"]);
    }

    [TestMethod]
    public async Task The_schema_is_printed()
    {
        using var directory = new TemporaryDirectory();
        var (code, output, _) = await LunariaProcess.RunAsync(directory.FullPath, "schema");
        Assert.AreEqual(0, code);
        Assert.AreEqual(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "appliance.schema.json")), output.ReplaceLineEndings("\n"));
    }
}
