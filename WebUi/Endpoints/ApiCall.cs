using Lunaria.WebUi.Administration;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lunaria.WebUi.Endpoints;

/// <summary>One request as the endpoints see it: what can be administered, and who asks. Bound by the framework; one request.</summary>
internal sealed record ApiCall(ApplianceServices Services, Actor Actor, HttpContext Context)
{
    private static readonly object ActorKey = new();

    /// <summary>Binds it; <see cref="RefusalKind.Unavailable"/> where the appliance is still starting.</summary>
    public static ValueTask<ApiCall?> BindAsync(HttpContext context) =>
        ValueTask.FromResult<ApiCall?>(new(GetServices(context), GetActor(context), context));

    /// <summary>What can be administered; <see cref="RefusalKind.Unavailable"/> where the appliance is still starting.</summary>
    public static ApplianceServices GetServices(HttpContext context) =>
        context.RequestServices.GetRequiredService<ApplianceStatus>().Services
        ?? throw new RefusedException(RefusalKind.Unavailable, "The appliance is starting: ask again when /readyz answers 200.");

    /// <summary>Who asks, as <see cref="Authentication"/> found out; nobody has no name and no scopes.</summary>
    public static Actor GetActor(HttpContext context) => (Actor)context.Items[ActorKey]!;

    /// <summary>Says who asks.</summary>
    public static void SetActor(HttpContext context, Actor actor) => context.Items[ActorKey] = actor;

    /// <summary>The view with its entity tag.</summary>
    public T Tagged<T>(T view)
        where T : notnull
    {
        Context.Response.Headers.ETag = EntityTag.Of(view);
        return view;
    }
}
