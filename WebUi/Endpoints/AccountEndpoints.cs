using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>Log-in of the page, users, and tokens of scripts.</summary>
internal static class AccountEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        MapLogIn(api.MapGroup("/session").WithTags("log-in"));
        MapUsers(api.MapGroup("/users").WithTags("users"));
        MapTokens(api.MapGroup("/tokens").WithTags("tokens"));
    }

    private static void MapLogIn(RouteGroupBuilder session)
    {
        session.MapGet("/", (ApiCall call) => TypedResults.Ok(Who(call, call.Actor, call.Actor.ByCookie ? call.Context.Request.Cookies[Authentication.Cookie] : null)))
            .Is("whoAmI", Scopes.None, "Who asks, and what his changes must carry.");
        session.MapPost("/", async (LogIn wanted, ApiCall call) =>
        {
            var (cookie, actor) = await call.Services.Users.LogInAsync(wanted, Authentication.Origin(call.Context));
            return TypedResults.Ok(Begin(call, actor, cookie));
        }).Is("logIn", Scopes.None, "Logs in with name and password, or with the content of the token file; answers with a cookie.");
        session.MapPost("/first-run", async (SetUp wanted, ApiCall call) =>
        {
            var (cookie, actor) = await call.Services.FirstRun.SetUpAsync(wanted, Authentication.Origin(call.Context));
            return TypedResults.Ok(Begin(call, actor, cookie));
        }).Is("setUp", Scopes.None, "Makes the first administrator, with the one-time code that the program prints; answers with a cookie.");
        session.MapDelete("/", (ApiCall call) =>
        {
            call.Services.Users.LogOut(call.Actor);
            call.Context.Response.Cookies.Delete(Authentication.Cookie, new CookieOptions { Secure = true, Path = "/" });
            return TypedResults.NoContent();
        }).Is("logOut", Scopes.Read, "Ends the log-in.");
    }

    private static void MapUsers(RouteGroupBuilder users)
    {
        users.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Users.List()))
            .Is("listUsers", Scopes.System, "Who may log in with a password.");
        users.MapPut("/{name}", async Task<Results<Created<UserView>, Ok<UserView>>> (string name, SetUser wanted, ApiCall call) =>
        {
            var (user, created) = await call.Services.Users.SetAsync(call.Actor, name, wanted);
            return created ? TypedResults.Created($"/api/v1/users/{name}", user) : TypedResults.Ok(user);
        }).Is("setUser", Scopes.System, "Creates a user, or changes his password and role; his log-ins end.");
        users.MapDelete("/{name}", async (string name, ApiCall call) =>
        {
            await call.Services.Users.DeleteAsync(call.Actor, name);
            return TypedResults.NoContent();
        }).Is("deleteUser", Scopes.System, "Deletes a user; his log-ins end.");
    }

    private static void MapTokens(RouteGroupBuilder tokens)
    {
        tokens.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Tokens.List()))
            .Is("listTokens", Scopes.System, "The tokens of scripts, without their secrets.");
        tokens.MapPost("/", async (CreateToken wanted, ApiCall call) =>
        {
            var made = await call.Services.Tokens.CreateAsync(call.Actor, wanted);
            return TypedResults.Created($"/api/v1/tokens/{made.Token.Id}", made);
        }).Is("createToken", Scopes.System, "Makes a token; its secret is shown only now.");
        tokens.MapDelete("/{id}", async (string id, ApiCall call) =>
        {
            await call.Services.Tokens.RevokeAsync(call.Actor, id);
            return TypedResults.NoContent();
        }).Is("revokeToken", Scopes.System, "Ends a token, by number or name.");
    }

    private static WhoView Begin(ApiCall call, Actor actor, string cookie)
    {
        call.Context.Response.Cookies.Append(Authentication.Cookie, cookie, new CookieOptions { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Strict, Path = "/" });
        return Who(call, actor, cookie);
    }

    private static WhoView Who(ApiCall call, Actor actor, string? cookie) => new(
        actor.Name.Length == 0 ? null : actor.Name,
        TokenService.Words(actor.Scopes),
        cookie == null ? null : SecretToken.Antiforgery(cookie),
        call.Services.Users.IsFirstRun);
}
