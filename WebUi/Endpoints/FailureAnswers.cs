using Lunaria.Volumes.Backend;
using Lunaria.WebUi.Administration;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lunaria.WebUi.Endpoints;

/// <summary>The outermost middleware: turns every failure into problem details, logs what is a defect, adds the security headers.</summary>
internal static partial class FailureAnswers
{
    private const string ApiPath = "/api";

    /// <summary>The middleware.</summary>
    public static async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        AddSecurityHeaders(context.Response.Headers);
        RefusedException refusal;
        int? status = null;
        try
        {
            await next(context);
            if (context.Response.HasStarted || context.Response.StatusCode < 400 || !context.Request.Path.StartsWithSegments(ApiPath))
                return;
            status = context.Response.StatusCode;
            refusal = new RefusedException(RefusalKind.NoSuchOperation, $"There is no {context.Request.Method} {context.Request.Path}. GET /api/v1/openapi.json lists what there is.");
        }
        catch (Exception e) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            refusal = Translate(e, context);
            if (e is BadHttpRequestException { StatusCode: not 400 } bad)
                status = bad.StatusCode;
            context.Response.Clear();
            AddSecurityHeaders(context.Response.Headers);
        }

        await Problems.WriteAsync(context, refusal, status);
    }

    private static RefusedException Translate(Exception e, HttpContext context)
    {
        switch (e)
        {
            case RefusedException known:
                return known;
            case BadHttpRequestException bad:
                return Problems.FromBadRequest(bad);
            case IOException or ObjectStoreException or SqliteException or ObjectDisposedException:
                LogUnavailable(Logger(context), e, context.Request.Method, context.Request.Path);
                return new RefusedException(RefusalKind.Unavailable, $"It failed: {e.Message} Nothing is half done; try again when that is mended.");
            default:
                LogDefect(Logger(context), e, context.Request.Method, context.Request.Path);
                return new RefusedException(RefusalKind.Defect, "A defect of the appliance. Its log tells more; please report it.");
        }
    }

    private static void AddSecurityHeaders(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.StrictTransportSecurity = "max-age=31536000";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }

    private static ILogger Logger(HttpContext context) => context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Lunaria.WebUi");

    [LoggerMessage(300, LogLevel.Error, "{Method} {Path} met a defect")]
    private static partial void LogDefect(ILogger logger, Exception e, string method, string path);

    [LoggerMessage(301, LogLevel.Warning, "{Method} {Path} failed")]
    private static partial void LogUnavailable(ILogger logger, Exception e, string method, string path);
}
