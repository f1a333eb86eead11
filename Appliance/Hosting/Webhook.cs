using Lunaria.Appliance.Settings;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Webhooks;
using Microsoft.Extensions.Logging;

namespace Lunaria.Appliance.Hosting;

/// <summary>Sends events to the webhook of the settings. Stateless.</summary>
internal static class Webhook
{
    /// <summary>What the settings say, with the secret; null where no webhook is set. <see cref="StartException"/> where the secret cannot be read.</summary>
    public static WebhookOptions? Read(WebhookSettings? settings) =>
        settings == null ? null : new(settings.Url, ReadSecret(settings.SecretFile), Enum.Parse<Severity>(settings.Severity, ignoreCase: true));

    /// <summary>Sends until <paramref name="stop"/>; nothing where no webhook is set.</summary>
    public static async Task RunAsync(WebhookOptions? options, EventService events, ILoggerFactory loggers, TimeProvider time, CancellationToken stop)
    {
        if (options == null)
            return;
        using var handler = new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false };
        await new WebhookSender(events, options, handler, loggers.CreateLogger<WebhookSender>(), time).RunAsync(stop);
    }

    private static string? ReadSecret(string? path)
    {
        if (path == null)
            return null;
        try
        {
            return File.ReadAllText(path).Trim() is { Length: > 0 } secret ? secret : throw new StartException($"{path} is empty: events.webhook.secretFile must hold the secret, or be left out");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"events.webhook.secretFile {path} cannot be read: {e.Message}", e);
        }
    }
}
