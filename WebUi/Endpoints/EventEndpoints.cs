using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Lunaria.WebUi.Endpoints;

/// <summary>Events, and the live stream.</summary>
internal static class EventEndpoints
{
    private const int MaxPage = 1000;
    private const int MaxWaiting = 100;
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(1);

    public static void Map(RouteGroupBuilder api)
    {
        var events = api.MapGroup("/events").WithTags("events");
        events.MapGet("/", (long? before, string? severity, int? limit, ApiCall call) =>
        {
            if (!Enum.TryParse<Severity>(severity ?? nameof(Severity.Information), ignoreCase: true, out var least) || !Enum.IsDefined(least))
                throw new RefusedException(RefusalKind.Invalid, "severity: write information, warning or error.", "severity");
            return TypedResults.Ok(call.Services.Events.List(before ?? long.MaxValue, least, Math.Clamp(limit ?? 100, 1, MaxPage)));
        }).Is("listEvents", Scopes.Read, "What has happened, of at least `severity`, the newest first; older ones than the event `before`.");
        events.MapGet("/stream", (ApiCall call, ApplianceStatus status, TimeProvider time, CancellationToken gone) => TypedResults.ServerSentEvents(StreamAsync(
                call.Services.Events, status, time, CancellationTokenSource.CreateLinkedTokenSource(gone, call.Context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping).Token)))
            .Is("streamEvents", Scopes.Read, "Server-sent events: `status` each second, `event` when something happens.");
    }

    private static async IAsyncEnumerable<SseItem<LiveView>> StreamAsync(
        EventService events, ApplianceStatus status, TimeProvider time, [EnumeratorCancellation] CancellationToken stop)
    {
        var merged = Channel.CreateBounded<LiveView>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
        yield return new SseItem<LiveView>(status.ReportLive(), "status");
        var telling = TellAsync(events, merged.Writer, stop);
        using var timer = new PeriodicTimer(StatusInterval, time);
        var tick = timer.WaitForNextTickAsync(stop).AsTask();
        var next = merged.Reader.WaitToReadAsync(stop).AsTask();
        while (true)
        {
            await Task.WhenAny(tick, next, telling);
            if (stop.IsCancellationRequested || telling.IsCompleted)
                yield break;
            while (merged.Reader.TryRead(out var live))
                yield return new SseItem<LiveView>(live, "event");
            if (next.IsCompleted)
                next = merged.Reader.WaitToReadAsync(stop).AsTask();
            if (!tick.IsCompleted)
                continue;
            yield return new SseItem<LiveView>(status.ReportLive(), "status");
            tick = timer.WaitForNextTickAsync(stop).AsTask();
        }
    }

    private static async Task TellAsync(EventService events, ChannelWriter<LiveView> writer, CancellationToken stop)
    {
        await foreach (var happened in events.ListenAsync(stop))
            writer.TryWrite(new LiveView(null, happened));
    }
}
