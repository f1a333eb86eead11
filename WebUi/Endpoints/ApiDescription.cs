using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Lunaria.WebUi.Endpoints;

/// <summary>What the OpenAPI document says beside the endpoints themselves. Stateless.</summary>
internal static class ApiDescription
{
    /// <summary>The document's name: the version of the API.</summary>
    public const string DocumentName = "v1";

    /// <summary>Title, how to authenticate, and the problem that every operation can answer with.</summary>
    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "Lunaria", Version = DocumentName, Description = "Administration of an iSCSI target appliance; see docs/API.md." };
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A token; see docs/API.md." },
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var needs = context.Description.ActionDescriptor.EndpointMetadata.OfType<Needs>().Single().Scopes;
            if (needs != Administration.Scopes.None)
            {
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", context.Document)] = [] }];
                operation.Description = $"Needs the scope {needs.ToString().ToLowerInvariant()}.";
            }

            operation.Responses ??= [];
            operation.Responses["default"] = new OpenApiResponse
            {
                Description = "Refused: problem details (RFC 9457).",
                Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new OpenApiMediaType() },
            };
            return Task.CompletedTask;
        });
    }
}
