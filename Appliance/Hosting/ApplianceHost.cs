using Lunaria.Appliance.Settings;

namespace Lunaria.Appliance.Hosting;

/// <summary>The appliance from start to stop. Used once by the program.</summary>
internal static class ApplianceHost
{
    /// <summary>Serves until <paramref name="stop"/>; <see cref="StartException"/> where that cannot be done.</summary>
    public static async Task RunAsync(ApplianceSettings settings, TextWriter output, TimeProvider time, CancellationToken stop)
    {
        using var data = DataDirectory.Acquire(settings.DataDirectory);
        using var log = new ApplianceLog(settings.Logging);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await output.FlushAsync(CancellationToken.None);
    }
}
