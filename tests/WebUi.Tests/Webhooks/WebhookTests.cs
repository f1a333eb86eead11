using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Lunaria.Testing;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Webhooks;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.WebUi.Tests.Webhooks;

/// <summary>Events to a web address: in order, signed, again after a failure.</summary>
[TestClass]
public sealed class WebhookTests
{
    private static readonly Uri Address = new("https://alerts.test/lunaria?x=1");

    [TestMethod]
    public async Task Events_are_sent_in_order_and_signed()
    {
        await using var bed = await Bed.StartAsync(secret: "hush");
        bed.Add(Severity.Information, "too little");
        bed.Add(Severity.Warning, "first");
        bed.Add(Severity.Error, "second");
        foreach (var expected in (string[])["first", "second"])
        {
            var (body, signature) = await bed.ReceiveAsync(HttpStatusCode.OK);
            Assert.AreEqual(expected, JsonSerializer.Deserialize(body, ApiJson.Default.EventView)!.Message);
            var seconds = long.Parse(signature.Split(',')[0][2..], System.Globalization.CultureInfo.InvariantCulture);
            Assert.AreEqual(WebhookSender.Sign("hush", seconds, body), signature);
            Assert.AreNotEqual(WebhookSender.Sign("hash", seconds, body), signature);
        }
    }

    [TestMethod]
    public void The_signature_is_what_the_handbook_says() =>
        // Computed with: printf '1700000000.{}' | openssl dgst -sha256 -hmac hush
        Assert.AreEqual("t=1700000000,v1=" + OpenSsl, WebhookSender.Sign("hush", 1700000000, "{}"u8));

    [TestMethod]
    public async Task What_is_not_taken_is_sent_again_and_nothing_overtakes_it()
    {
        await using var bed = await Bed.StartAsync(secret: null);
        bed.Add(Severity.Error, "first");
        bed.Add(Severity.Error, "second");
        var seen = new List<string>();
        foreach (var answer in (HttpStatusCode[])[HttpStatusCode.InternalServerError, HttpStatusCode.BadGateway, HttpStatusCode.NoContent, HttpStatusCode.NoContent])
        {
            var (body, signature) = await bed.ReceiveAsync(answer);
            Assert.AreEqual("", signature);
            seen.Add(JsonSerializer.Deserialize(body, ApiJson.Default.EventView)!.Message);
        }

        Assert.AreEqual("first first first second", string.Join(' ', seen));
    }

    [TestMethod]
    public async Task An_hour_of_failures_is_enough_for_one_event()
    {
        await using var bed = await Bed.StartAsync(secret: null);
        bed.Add(Severity.Error, "first");
        bed.Add(Severity.Error, "second");
        for (var tries = 1; ; tries++)
        {
            var (body, _) = await bed.ReceiveAsync(HttpStatusCode.NotFound);
            if (JsonSerializer.Deserialize(body, ApiJson.Default.EventView)!.Message == "second")
            {
                Assert.IsInRange(15, 40, tries);
                return;
            }
        }
    }

    private const string OpenSsl = "763081ea12e3b1f903f958994c023cde07f1224b02a538ad6f959112a2f780ba";

    /// <summary>A sender whose address is the test, and a clock that goes on whenever the sender waits.</summary>
    private sealed class Bed : HttpMessageHandler, IAsyncDisposable
    {
        private readonly Channel<(byte[] Body, string Signature, TaskCompletionSource<HttpStatusCode> Answer)> _requests = Channel.CreateUnbounded<(byte[], string, TaskCompletionSource<HttpStatusCode>)>();
        private readonly CancellationTokenSource _stop = new();
        private readonly ManualTime _time = new();
        private TestAppliance _appliance = null!;
        private Task _sending = null!;

        public static async Task<Bed> StartAsync(string? secret)
        {
            var bed = new Bed { _appliance = await TestAppliance.StartAsync() };
            bed.Add(Severity.Error, "before the start");
            var sender = new WebhookSender(bed._appliance.Services.Events, new WebhookOptions(Address, secret, Severity.Warning), bed, NullLogger.Instance, bed._time);
            bed._sending = sender.RunAsync(bed._stop.Token);
            return bed;
        }

        public void Add(Severity severity, string message) => _appliance.Services.Events.Add(EventCode.EngineHealth, severity, "engine", message);

        public async Task<(byte[] Body, string Signature)> ReceiveAsync(HttpStatusCode answer)
        {
            var waiting = _requests.Reader.ReadAsync().AsTask();
            while (!waiting.IsCompleted)
            {
                _time.AdvanceToNextTimer();
                await Task.WhenAny(waiting, Task.Run(() => { }));
            }

            var (body, signature, reply) = await waiting;
            reply.SetResult(answer);
            return (body, signature);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _sending;
            await _appliance.DisposeAsync();
            _stop.Dispose();
            Dispose();
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Assert.AreEqual((HttpMethod.Post, Address, "application/json"), (request.Method, request.RequestUri, request.Content!.Headers.ContentType!.MediaType));
            var signature = request.Headers.TryGetValues(WebhookSender.SignatureHeader, out var values) ? values.Single() : "";
            var answer = new TaskCompletionSource<HttpStatusCode>(TaskCreationOptions.RunContinuationsAsynchronously);
            _requests.Writer.TryWrite((await request.Content.ReadAsByteArrayAsync(cancellationToken), signature, answer));
            return new HttpResponseMessage(await answer.Task.WaitAsync(cancellationToken));
        }
    }
}
