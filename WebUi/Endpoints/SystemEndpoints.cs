using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>Settings and the audit log.</summary>
internal static class SystemEndpoints
{
    private const int MaxPage = 1000;

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/settings", (ApiCall call) => TypedResults.Ok(call.Services.Settings.List()))
            .Is("listSettings", Scopes.Read, "All settings with their values now; secrets are not shown.").WithTags("settings");
        api.MapPatch("/settings", async (SetSettings wanted, ApiCall call) => TypedResults.Ok(await call.Services.Settings.SetAsync(call.Actor, wanted)))
            .Is("setSettings", Scopes.System, "Changes settings in appliance.json, or says what would change; what is live takes effect at once.").WithTags("settings");
        api.MapGet("/support/bundle", (ApiCall call, ApplianceStatus status) =>
                TypedResults.File(SupportBundle.Write(call.Services, status, call.Services.Settings.LogFile), "application/zip", "lunaria-support.zip"))
            .Is("getSupportBundle", Scopes.System, "What helps to find out what is wrong, as a zip file without secrets.").WithTags("support");
        api.MapGet("/audit", (long? before, int? limit, ApiCall call) =>
                TypedResults.Ok(call.Services.Audit.Read(before ?? long.MaxValue, Math.Clamp(limit ?? 100, 1, MaxPage))))
            .Is("listAudit", Scopes.System, "Who changed what, the newest first; older ones than the entry `before`.").WithTags("audit");
    }
}
