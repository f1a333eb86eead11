using System.Net;
using Lunaria.WebUi;
using Microsoft.Extensions.Logging;

namespace Lunaria.Appliance.Hosting;

/// <summary>
/// The status pages while they start: the engine opens meanwhile, so they cost the start nothing. Owned by the run; one thread.
/// </summary>
internal sealed class StatusPages : IAsyncDisposable
{
    private readonly Task<StatusServer>? _starting;
    private readonly IPEndPoint? _listen;

    private StatusPages(IPEndPoint? listen, Task<StatusServer>? starting) => (_listen, _starting) = (listen, starting);

    /// <summary>Begins to start them; nothing where <paramref name="listen"/> is null.</summary>
    public static StatusPages Begin(IPEndPoint? listen, ApplianceStatus status, ILoggerFactory loggers) =>
        new(listen, listen == null ? null : Task.Run(() => StatusServer.StartAsync(listen, status.Report, loggers)));

    /// <summary>Their address once they answer, null where there are none; <see cref="StartException"/> where the port is taken.</summary>
    public async Task<string?> GetUrlAsync()
    {
        if (_starting == null)
            return null;
        try
        {
            return (await _starting).Url.GetLeftPart(UriPartial.Authority);
        }
        catch (IOException e)
        {
            throw new StartException($"the status pages cannot listen on {_listen}: {e.Message} Choose another web.listen, or \"off\".", e);
        }
    }

    /// <summary>Closes them; a second call does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_starting == null)
            return;
        await _starting.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        if (_starting.IsCompletedSuccessfully)
            await (await _starting).DisposeAsync();
    }
}
