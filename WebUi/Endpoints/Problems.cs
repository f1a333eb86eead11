using System.Text.Json;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Http;

namespace Lunaria.WebUi.Endpoints;

/// <summary>
/// Refusals as answers of the API: problem details (RFC 9457), one stable type for each kind (docs/API.md). Stateless; any thread.
/// </summary>
internal static class Problems
{
    /// <summary>Begins every type.</summary>
    public const string TypePrefix = "urn:lunaria:problem:";

    /// <summary>Kind, end of the type, HTTP status, title.</summary>
    public static readonly (RefusalKind Kind, string Type, int Status, string Title)[] Table =
    [
        (RefusalKind.Invalid, "invalid", 400, "A value is wrong"),
        (RefusalKind.Unauthenticated, "unauthenticated", 401, "Who asks is not known"),
        (RefusalKind.Forbidden, "forbidden", 403, "Who asks may not do this"),
        (RefusalKind.NotFound, "not-found", 404, "There is no such thing"),
        (RefusalKind.NoSuchOperation, "no-such-operation", 404, "There is no such operation"),
        (RefusalKind.Exists, "exists", 409, "There is one already"),
        (RefusalKind.InUse, "in-use", 409, "It is in use"),
        (RefusalKind.Busy, "busy", 409, "It is being changed"),
        (RefusalKind.Changed, "changed", 412, "It has been changed"),
        (RefusalKind.TooManyAttempts, "too-many-attempts", 429, "Too many attempts"),
        (RefusalKind.Defect, "defect", 500, "A defect of the appliance"),
        (RefusalKind.Unavailable, "unavailable", 503, "Not possible now"),
    ];

    /// <summary>Writes a refusal. <paramref name="status"/>: the HTTP status where it is not the kind's.</summary>
    public static Task WriteAsync(HttpContext context, RefusedException refusal, int? status = null)
    {
        var row = Array.Find(Table, row => row.Kind == refusal.Kind);
        var response = context.Response;
        response.StatusCode = status ?? row.Status;
        if (refusal.Kind == RefusalKind.Unauthenticated)
            response.Headers.WWWAuthenticate = "Bearer";
        if (refusal.Kind == RefusalKind.TooManyAttempts)
            response.Headers.RetryAfter = "60";
        var problem = new ProblemView(TypePrefix + row.Type, row.Title, response.StatusCode, refusal.Message, refusal.Field);
        return response.WriteAsJsonAsync(problem, ApiJson.Default.ProblemView, "application/problem+json");
    }

    /// <summary>The refusal that an exception of the framework's request parsing stands for.</summary>
    public static RefusedException FromBadRequest(BadHttpRequestException e)
    {
        if (e.InnerException is not JsonException json)
            return new RefusedException(RefusalKind.Invalid, $"{e.Message.TrimEnd('.')}.");
        var field = json.Path is ['$', '.', .. var path] ? path : null;
        if (json.Message.Contains("missing required properties", StringComparison.Ordinal))
            return new RefusedException(RefusalKind.Invalid, $"{json.Message[(json.Message.IndexOf(':') + 1)..].Trim().TrimEnd('.')} must be given.", field);
        return field == null
            ? new RefusedException(RefusalKind.Invalid, "The request is not a JSON object with the fields that this operation takes.")
            : new RefusedException(RefusalKind.Invalid, $"{field}: this operation has no such field, or not with such a value.", field);
    }
}
