using Lunaria.Appliance.Settings;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace Lunaria.Appliance.Hosting;

/// <summary>
/// Where messages go: standard error for people, a rolling file for later. Standard output stays free for what scripts wait for.
/// Owned by the run, disposed last. Any thread.
/// </summary>
internal sealed class ApplianceLog : IDisposable
{
    private const long MaxFileBytes = 64 << 20;
    private const int MaxFiles = 14;
    private const string Template = "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} {Level:u3} {SourceContext}: {Message:lj}{NewLine}{Exception}";

    private readonly LoggingLevelSwitch _level = new();
    private readonly Logger _logger;
    private readonly SerilogLoggerFactory _factory;

    /// <summary>Opens the file.</summary>
    public ApplianceLog(LoggingSettings settings)
    {
        SetLevel(settings.Level);
        _logger = new LoggerConfiguration()
            .MinimumLevel.ControlledBy(_level)
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .WriteTo.Console(outputTemplate: "{Timestamp:HH:mm:ss} {Level:u3} {Message:lj}{NewLine}{Exception}", standardErrorFromLevel: LogEventLevel.Verbose)
            .WriteTo.File(
                settings.File,
                outputTemplate: Template,
                rollingInterval: RollingInterval.Day,
                rollOnFileSizeLimit: true,
                fileSizeLimitBytes: MaxFileBytes,
                retainedFileCountLimit: MaxFiles)
            .CreateLogger();
        _factory = new SerilogLoggerFactory(_logger);
    }

    /// <summary>What the libraries write to.</summary>
    public ILoggerFactory Factory => _factory;

    /// <summary>The least severe message that is written from now on, in the word of the settings.</summary>
    public void SetLevel(string word) => _level.MinimumLevel = Level(word);

    /// <summary>Writes out what is left.</summary>
    public void Dispose()
    {
        _factory.Dispose();
        _logger.Dispose();
    }

    private static LogEventLevel Level(string word) => word switch
    {
        "debug" => LogEventLevel.Debug,
        "warning" => LogEventLevel.Warning,
        "error" => LogEventLevel.Error,
        _ => LogEventLevel.Information,
    };
}
