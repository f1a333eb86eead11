using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.Extensions.Logging;

namespace Lunaria.WebUi.Webhooks;

/// <summary>
/// Sends events to a web address, one at a time in their order, each until the address has taken it or an hour is over. Begins with what happens after its
/// start; what is not sent when the appliance stops is only in the list of events. Owned by the run; one loop.
/// </summary>
public sealed partial class WebhookSender(EventService events, WebhookOptions options, HttpMessageHandler handler, ILogger logger, TimeProvider time)
{
    /// <summary>The header with time and signature: <c>t=SECONDS,v1=HEX</c>, HMAC-SHA256 over <c>SECONDS.BODY</c>.</summary>
    public const string SignatureHeader = "X-Lunaria-Signature";

    private const int MaxAtOnce = 100;
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10), FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    /// <summary>Sends until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var http = new HttpClient(handler, disposeHandler: false) { Timeout = RequestTimeout };
        var delivered = events.NewestId;
        try
        {
            await using var heard = events.ListenAsync(stop).GetAsyncEnumerator(stop);
            while (true)
            {
                // The listener stands before the list is read: what comes in between is heard.
                var next = heard.MoveNextAsync().AsTask();
                while (events.ListAfter(delivered, options.Least, MaxAtOnce) is { Count: > 0 } waiting)
                {
                    foreach (var happened in waiting)
                    {
                        await DeliverAsync(http, happened, stop);
                        delivered = happened.Id;
                    }
                }

                await next;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The appliance stops.
        }
    }

    /// <summary>The value of <see cref="SignatureHeader"/>.</summary>
    internal static string Sign(string secret, long unixSeconds, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{unixSeconds}."), .. body];
        return $"t={unixSeconds},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed))}";
    }

    private async Task DeliverAsync(HttpClient http, EventView happened, CancellationToken stop)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(happened, ApiJson.Default.EventView);
        var started = time.GetTimestamp();
        var pause = FirstPause;
        while (true)
        {
            var failure = await TrySendAsync(http, body, stop);
            if (failure == null)
                return;
            if (time.GetElapsedTime(started) > Patience)
            {
                LogGivenUp(logger, options.Url, happened.Id, failure);
                return;
            }

            if (pause == FirstPause)
                LogNotTaken(logger, options.Url, happened.Id, failure);
            // Half of it at random: many appliances do not come back at the same moment.
            await Task.Delay(pause * (RandomNumberGenerator.GetInt32(50, 101) / 100.0), time, stop);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>Null where the address has taken it, else why not.</summary>
    private async Task<string?> TrySendAsync(HttpClient http, byte[] body, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, options.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (options.Secret is { } secret)
            request.Headers.Add(SignatureHeader, Sign(secret, time.GetUtcNow().ToUnixTimeSeconds(), body));
        try
        {
            using var response = await http.SendAsync(request, stop);
            return response.IsSuccessStatusCode ? null : $"it answers {(int)response.StatusCode}";
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !stop.IsCancellationRequested))
        {
            return e.Message;
        }
    }

    [LoggerMessage(320, LogLevel.Warning, "The webhook {Url} has not taken event {Event} ({Cause}); it is sent again for an hour")]
    private static partial void LogNotTaken(ILogger logger, Uri url, long @event, string cause);

    [LoggerMessage(321, LogLevel.Error, "The webhook {Url} has not taken event {Event} for an hour ({Cause}); the next one is sent")]
    private static partial void LogGivenUp(ILogger logger, Uri url, long @event, string cause);
}
