using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Lunaria.WebUi.Pages;

/// <summary>
/// The administrator's page: the files of wwwroot, which lie in the program. Its addresses carry a hash of all of them, so a browser keeps them for
/// good and never mixes two versions. It needs no log-in; what it shows comes from the API. Immutable; any thread.
/// </summary>
internal sealed class PageFiles
{
    private const string ResourcePrefix = "wwwroot/";
    private const string Document = "index.html";

    /// <summary>What begins an address that is no view of the page.</summary>
    private static readonly string[] Others = ["/api", "/assets", "/healthz", "/readyz", "/metrics"];

    private readonly FrozenDictionary<string, (byte[] Content, string Type)> _files;
    private readonly byte[] _document;
    private readonly string _base;

    /// <summary>Reads the files out of the program.</summary>
    public PageFiles()
    {
        var program = typeof(PageFiles).Assembly;
        var names = program.GetManifestResourceNames().Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var files = new Dictionary<string, (byte[], string)>();
        foreach (var name in names)
        {
            var content = Read(program, name);
            hash.AppendData(content);
            files.Add(name[ResourcePrefix.Length..], (content, TypeOf(name)));
        }

        _files = files.ToFrozenDictionary();
        _base = $"/assets/{Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 6))}/";
        var modules = _files.Keys.Where(name => name.EndsWith(".js", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(name => $"<link rel=\"modulepreload\" href=\"{_base}{name}\">");
        _document = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(_files[Document].Content)
            .Replace("{assets}", _base, StringComparison.Ordinal)
            .Replace("<!-- modules -->", string.Join('\n', modules), StringComparison.Ordinal));
    }

    /// <summary>The middleware, before anything that asks who it is.</summary>
    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var path = context.Request.Path.Value ?? "/";
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            return next(context);
        if (path.StartsWith(_base, StringComparison.Ordinal) && _files.TryGetValue(path[_base.Length..], out var file))
        {
            context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
            return SendAsync(context, file.Content, file.Type);
        }

        return IsView(context, path) ? SendAsync(context, _document, TypeOf(Document)) : next(context);
    }

    /// <summary>A browser that goes to a view of the page, whichever: the page itself knows them.</summary>
    private static bool IsView(HttpContext context, string path) =>
        !Others.Any(other => context.Request.Path.StartsWithSegments(other, StringComparison.Ordinal))
        && (path == "/" || context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal));

    private static async Task SendAsync(HttpContext context, byte[] content, string type)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = content.Length;
        if (HttpMethods.IsGet(context.Request.Method))
            await context.Response.Body.WriteAsync(content, context.RequestAborted);
    }

    private static byte[] Read(Assembly program, string name)
    {
        using var resource = program.GetManifestResourceStream(name)!;
        var content = new byte[resource.Length];
        resource.ReadExactly(content);
        return content;
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
}
