using System.Net;
using System.Security.Cryptography;
using System.Text;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>What an endpoint asks of who calls it; metadata. <see cref="Scopes.None"/>: nothing, it is for everybody.</summary>
internal sealed record Needs(Scopes Scopes);

/// <summary>
/// The one way into the API: finds out who asks, by bearer token or cookie, and lets him through where he may. An endpoint that does not say what
/// it needs lets nobody through. (The framework's own authentication brings data protection, which keeps keys in the user's home.)
/// </summary>
internal static class Authentication
{
    /// <summary>The cookie of a log-in; the prefix makes browsers insist on HTTPS and this host.</summary>
    public const string Cookie = "__Host-lunaria";

    /// <summary>The header of changes by who came by cookie.</summary>
    public const string AntiforgeryHeader = "X-Lunaria-Antiforgery";

    private const string BearerPrefix = "Bearer ";

    /// <summary>The middleware, after routing.</summary>
    public static async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var endpoint = context.GetEndpoint();
        var needed = endpoint is not RouteEndpoint ? Scopes.None : endpoint.Metadata.GetMetadata<Needs>()?.Scopes;
        var actor = endpoint != null && (needed != Scopes.None || context.Request.Cookies.ContainsKey(Cookie)) ? Identify(context) : null;
        if (needed != Scopes.None)
        {
            if (actor == null)
                throw new RefusedException(RefusalKind.Unauthenticated, "Log in, or send a token that is known and has not expired.");
            if (needed == null || (actor.Scopes & needed) != needed)
                throw new RefusedException(RefusalKind.Forbidden, $"{actor.Name} may not do this: it needs the scope {needed}.");
            if (actor.ByCookie && !HttpMethods.IsGet(context.Request.Method))
                CheckAntiforgery(context);
        }

        ApiCall.SetActor(context, actor ?? new Actor("", Scopes.None, Origin(context)));
        await next(context);
    }

    /// <summary>The address of who asks.</summary>
    public static string Origin(HttpContext context) => context.Connection.RemoteIpAddress is { } address
        ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString()
        : IPAddress.Loopback.ToString();

    private static Actor? Identify(HttpContext context)
    {
        string? header = context.Request.Headers.Authorization;
        var byCookie = header == null;
        var token = header == null ? context.Request.Cookies[Cookie]
            : header.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase) ? header[BearerPrefix.Length..].Trim() : null;
        if (string.IsNullOrEmpty(token))
            return null;
        var actor = ApiCall.GetServices(context).Tokens.Find(token, Origin(context));
        string? ifMatch = context.Request.Headers.IfMatch;
        return actor == null ? null : actor with { ByCookie = byCookie, IfMatch = string.IsNullOrEmpty(ifMatch) ? null : ifMatch };
    }

    private static void CheckAntiforgery(HttpContext context)
    {
        var expected = SecretToken.Antiforgery(context.Request.Cookies[Cookie]!);
        string? given = context.Request.Headers[AntiforgeryHeader];
        if (given == null || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected)))
            throw new RefusedException(RefusalKind.Forbidden, $"The header {AntiforgeryHeader} is missing or wrong: GET /api/v1/session tells it.");
    }
}
