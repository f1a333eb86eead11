using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>The keys of the store.</summary>
internal static class EncryptionEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var encryption = api.MapGroup("/encryption").WithTags("encryption");
        encryption.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Encryption.Show()))
            .Is("getEncryption", Scopes.Read, "Whether the store is encrypted and compressed, ids of the keys that open it, and what objects take.");
        encryption.MapPost("/rotate", async (RotateKey wanted, ApiCall call) => TypedResults.Ok(await call.Services.Encryption.RotateAsync(call.Actor, wanted)))
            .Is("rotateEncryptionKey", Scopes.System, "Lets another wrapping key open the store, too; after a start with it, nothing else does. No data is written again.");
        encryption.MapPost("/renew", async (ApiCall call) => TypedResults.Ok(await call.Services.Encryption.RenewAsync(call.Actor)))
            .Is("renewDataKey", Scopes.System, "Encrypts what is stored from now on with a new data key.");
    }
}
