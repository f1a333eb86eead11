using Microsoft.Extensions.Logging;

namespace Lunaria.Testing;

/// <summary>Hands what is logged, from <paramref name="least"/> on, to <paramref name="seen"/>: level, number and text, with the exception where there is one. On the thread that logs.</summary>
internal sealed class LogProbe<T>(Action<LogLevel, int, string> seen, LogLevel least = LogLevel.Trace) : ILogger<T>
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        string text = formatter(state, exception);
        seen(logLevel, eventId.Id, exception is null ? text : $"{text}: {exception}");
    }
}
