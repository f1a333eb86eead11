using System.Runtime.InteropServices;
using Lunaria.Appliance.Cli;

namespace Lunaria.Appliance.Hosting;

/// <summary>
/// Ctrl-C, SIGTERM and SIGQUIT: the first one asks for an orderly stop through <see cref="Token"/>, the second ends the process at once.
/// Owned by the run; the handlers run on a thread of the runtime.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _count;

    /// <summary>Begins to listen.</summary>
    public StopSignals()
    {
        foreach (var signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT])
            _registrations.Add(PosixSignalRegistration.Create(signal, Handle));
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Gives the signals back to the runtime.</summary>
    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _stop.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _count) == 1)
            _stop.Cancel();
        else
            Environment.Exit(ExitCode.Failed);
    }
}
