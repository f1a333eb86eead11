using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Lunaria.Appliance.Tests;

/// <summary>The built program in a process of its own. Killed when disposed.</summary>
internal sealed partial class LunariaProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Task<string> _error;

    private LunariaProcess(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
    }

    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "lunaria.exe" : "lunaria");

    public int Id => _process.Id;

    /// <summary>What stands on standard output up to the ready line.</summary>
    public string Output => _output.ToString();

    public static LunariaProcess Start(string workingDirectory, params string[] arguments)
    {
        var start = new ProcessStartInfo(Program, arguments)
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new LunariaProcess(Process.Start(start)!);
    }

    /// <summary>Runs it to its end.</summary>
    public static Task<(int Code, string Output, string Error)> RunAsync(string workingDirectory, params string[] arguments) =>
        RunAsync(workingDirectory, arguments, "");

    /// <summary>Runs it to its end with <paramref name="input"/> as standard input.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(string workingDirectory, string[] arguments, string input)
    {
        using var process = Start(workingDirectory, arguments);
        await process._process.StandardInput.WriteAsync(input);
        process._process.StandardInput.Close();
        var output = process._process.StandardOutput.ReadToEndAsync();
        var (code, error) = await process.WaitAsync();
        return (code, await output, error);
    }

    /// <summary>Reads up to the line "ready"; fails with what the program said where it ends before.</summary>
    public async Task<ReadyLine> WaitReadyAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (await _process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            _output.AppendLine(line);
            if (line.StartsWith("ready ", StringComparison.Ordinal))
                return ReadyLine.Parse(line);
        }

        throw new InvalidOperationException($"it ended before it was ready: {await _error}");
    }

    public void Signal(PosixSignal signal) => Assert.AreEqual(0, Kill(_process.Id, signal switch
    {
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGTERM => 15,
        _ => throw new ArgumentOutOfRangeException(nameof(signal)),
    }));

    /// <summary>As kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await WaitAsync();
    }

    public async Task<(int Code, string Error)> WaitAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        return (_process.ExitCode, await _error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}

/// <summary>The line that scripts wait for, taken apart.</summary>
internal sealed record ReadyLine(IReadOnlyList<IPEndPoint> Portals, IReadOnlyList<string> Targets, string Web)
{
    public static ReadyLine Parse(string line)
    {
        var parts = line.Split(' ');
        Assert.HasCount(4, parts, line);
        return new ReadyLine(
            [.. Values(parts[1], "portals=").Select(IPEndPoint.Parse)],
            Values(parts[2], "targets="),
            Values(parts[3], "web=").Single());
    }

    private static string[] Values(string part, string key)
    {
        StringAssert.StartsWith(part, key);
        return part[key.Length..].Split(',', StringSplitOptions.RemoveEmptyEntries);
    }
}
