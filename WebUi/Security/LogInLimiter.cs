using Lunaria.WebUi.Administration;

namespace Lunaria.WebUi.Security;

/// <summary>
/// Slows down who guesses passwords: a few failures of one user name or from one address, then nothing for a while. Any thread.
/// </summary>
internal sealed class LogInLimiter(TimeProvider time)
{
    private const int MaxFailures = 5;
    private const int MaxKeys = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _sync = new();
    private readonly Dictionary<string, (int Failures, long Since)> _failures = new(StringComparer.Ordinal);

    /// <summary>Throws <see cref="RefusalKind.TooManyAttempts"/> where a key has failed too often.</summary>
    public void Check(params ReadOnlySpan<string> keys)
    {
        lock (_sync)
        {
            foreach (var key in keys)
            {
                if (_failures.TryGetValue(key, out var known) && known.Failures >= MaxFailures && time.GetElapsedTime(known.Since) < Window)
                    throw new RefusedException(RefusalKind.TooManyAttempts, $"{known.Failures} log-ins have failed: wait a minute before the next.");
            }
        }
    }

    /// <summary>A log-in has failed.</summary>
    public void Failed(params ReadOnlySpan<string> keys)
    {
        lock (_sync)
        {
            if (_failures.Count > MaxKeys)
                _failures.Clear();
            foreach (var key in keys)
            {
                var known = _failures.GetValueOrDefault(key);
                _failures[key] = time.GetElapsedTime(known.Since) < Window && known.Failures > 0 ? (known.Failures + 1, known.Since) : (1, time.GetTimestamp());
            }
        }
    }

    /// <summary>A log-in has succeeded.</summary>
    public void Succeeded(params ReadOnlySpan<string> keys)
    {
        lock (_sync)
        {
            foreach (var key in keys)
                _failures.Remove(key);
        }
    }
}
