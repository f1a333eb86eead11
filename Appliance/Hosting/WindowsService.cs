using System.Runtime.Versioning;
using System.ServiceProcess;

namespace Lunaria.Appliance.Hosting;

/// <summary>
/// The run as a service of Windows: the service control manager starts it, and its stop (or the machine's) is the first signal. Owned by the run; the
/// manager calls on threads of its own.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed class WindowsService : ServiceBase
{
    /// <summary>The name under which it is registered.</summary>
    public const string Name = "lunaria";

    private static readonly TimeSpan StopPatience = TimeSpan.FromMinutes(2);

    private readonly Func<CancellationToken, Task<int>> _serve;
    private readonly CancellationTokenSource _stop = new();
    private Task<int> _running = Task.FromResult(0);

    private WindowsService(Func<CancellationToken, Task<int>> serve)
    {
        (ServiceName, _serve, CanShutdown) = (Name, serve, true);
    }

    /// <summary>Serves until the manager says stop; the exit code.</summary>
    public static async Task<int> RunAsync(Func<CancellationToken, Task<int>> serve)
    {
        using var service = new WindowsService(serve);
        Run(service);
        return await service._running;
    }

    /// <inheritdoc/>
    protected override void OnStart(string[] args) => _running = Task.Run(async () =>
    {
        var code = await _serve(_stop.Token);
        if (!_stop.IsCancellationRequested)
        {
            // Ended by itself: the manager is to know, and may start it again.
            ExitCode = code;
            _ = Task.Run(Stop);
        }

        return code;
    });

    /// <inheritdoc/>
    protected override void OnStop()
    {
        RequestAdditionalTime((int)StopPatience.TotalMilliseconds);
        _stop.Cancel();
        _running.Wait();
    }

    /// <inheritdoc/>
    protected override void OnShutdown() => OnStop();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _stop.Dispose();
        base.Dispose(disposing);
    }
}
