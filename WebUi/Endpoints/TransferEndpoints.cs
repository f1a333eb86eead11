using Lunaria.WebUi.Administration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Lunaria.WebUi.Endpoints;

/// <summary>Volumes as streams of bytes (docs/FORMATS.md, "Export stream").</summary>
internal static class TransferEndpoints
{
    private const string ContentType = "application/octet-stream";

    public static void Map(RouteGroupBuilder api)
    {
        var volumes = api.MapGroup("/volumes/{volume}").WithTags("transfer");
        volumes.MapGet("/snapshots/{name}/export", (string volume, string name, string? since, long? offset, string? hash, ApiCall call) =>
        {
            var write = call.Services.Transfers.Export(volume, name, since, offset, hash);
            Unlimit(call.Context);
            return TypedResults.Stream(output => write(output, call.Context.RequestAborted), ContentType);
        }).Is("exportSnapshot", Scopes.Volumes, "A snapshot, or what differs from the older one `since`, as bytes; with `offset` and `hash` what follows the chunk that ends there.");
        volumes.MapPost("/import", async (string volume, bool? resume, ApiCall call) =>
        {
            Unlimit(call.Context);
            return TypedResults.Ok(call.Tagged(await call.Services.Transfers.ImportAsync(call.Actor, volume, resume ?? false, call.Context.Request.Body, call.Context.RequestAborted)));
        }).Is("importVolume", Scopes.Volumes, "Makes a volume of an export's bytes, or brings one up to date with changes; with `resume` goes on where that broke off.");
        volumes.MapGet("/import", (string volume, ApiCall call) => TypedResults.Ok(call.Services.Transfers.ShowImport(volume)))
            .Is("showImport", Scopes.Read, "How far a volume's unfinished import came.");
    }

    /// <summary>As much as a volume holds, and as slowly as the other side of a pipe is.</summary>
    private static void Unlimit(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } request)
            request.MinDataRate = null;
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } response)
            response.MinDataRate = null;
    }
}
