using Microsoft.Extensions.Hosting;

namespace Lunaria.WebUi.Hosting;

/// <summary>Leaves signals to the appliance, which knows the order of its stop.</summary>
internal sealed class PassiveLifetime : IHostLifetime
{
    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
