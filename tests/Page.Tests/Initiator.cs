using System.Diagnostics;

namespace Lunaria.Page.Tests;

/// <summary>The hosts' side: libiscsi's and QEMU's tools.</summary>
internal static class Initiator
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>What iscsi-ls sees at a portal: targets and LUNs.</summary>
    public static Task<string> ListAsync(string portal, string name) => RunAsync("iscsi-ls", "--show-luns", "--initiator-name", name, $"iscsi://{portal}");

    /// <summary>What qemu-img says of a LUN.</summary>
    public static Task<string> InfoAsync(string url) => RunAsync("qemu-img", "info", "--output=json", url);

    /// <summary>Reads or writes with qemu-io; fails where it says that something failed.</summary>
    public static async Task DoAsync(string url, string command)
    {
        var output = await RunAsync("qemu-io", "-f", "raw", "-c", command, url);
        Assert.IsFalse(output.Contains("fail", StringComparison.OrdinalIgnoreCase) || output.Contains("error", StringComparison.OrdinalIgnoreCase), output);
    }

    /// <summary>A host that logs in and stays until it is disposed of.</summary>
    public static Guest Stay(string url) => new(Process.Start(new ProcessStartInfo("qemu-io", ["-f", "raw", url]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!);

    /// <summary>Inconclusive where a tool is not installed.</summary>
    public static void Need()
    {
        foreach (var tool in (string[])["iscsi-ls", "qemu-img", "qemu-io"])
        {
            if (!File.Exists($"/usr/bin/{tool}"))
                Assert.Inconclusive($"{tool} is not there: apt-get install libiscsi-bin qemu-utils qemu-block-extra");
        }
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        return await output + await error;
    }

    /// <summary>The host that stays.</summary>
    internal sealed class Guest(Process process) : IDisposable
    {
        public void Dispose()
        {
            process.Kill();
            process.Dispose();
        }
    }
}
