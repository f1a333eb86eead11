using Lunaria.Appliance.Cli;

namespace Lunaria.Appliance.Tests.Cli;

/// <summary>What shells complete.</summary>
[TestClass]
public sealed class CompletionTests
{
    [TestMethod]
    [DataRow("lunaria vol", "volume")]
    [DataRow("lunaria volume cr", "create")]
    [DataRow("lunaria volume create disk1 --si", "--size")]
    [DataRow("lunaria completion ba", "bash")]
    public async Task The_program_suggests_what_fits(string line, string expected)
    {
        var output = new StringWriter();
        await CommandLine.InvokeAsync([$"[suggest:{line.Length}]", line], output, TextWriter.Null);
        CollectionAssert.Contains(output.ToString().Split('\n', StringSplitOptions.TrimEntries), expected);
    }

    [TestMethod]
    public async Task Each_shell_has_its_own_words()
    {
        foreach (var (shell, word) in new[] { ("bash", "complete -o default"), ("zsh", "#compdef lunaria"), ("fish", "complete -c lunaria"), ("powershell", "Register-ArgumentCompleter") })
        {
            var output = new StringWriter();
            Assert.AreEqual(0, await CommandLine.InvokeAsync(["completion", shell], output, TextWriter.Null));
            StringAssert.Contains(output.ToString(), word);
        }
    }
}
