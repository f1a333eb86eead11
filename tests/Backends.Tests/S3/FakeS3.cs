using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Lunaria.Backends.S3;

namespace Lunaria.Backends.Tests.S3;

/// <summary>A small S3 server on loopback whose obedience is under the test's control. It checks no signature.</summary>
internal sealed class FakeS3 : IAsyncDisposable
{
    /// <summary>A status in <see cref="Failures"/>: the request is never answered.</summary>
    public const int Hangs = -1;

    private const string Bucket = "fake";
    private readonly HttpListener listener = new();
    private readonly SortedDictionary<string, Stored> objects = new(StringComparer.Ordinal);
    private readonly Lock sync = new();
    private readonly Task loop;

    public FakeS3()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}");
        }
        listener.Prefixes.Add(Endpoint.AbsoluteUri);
        listener.Start();
        loop = RunAsync();
    }

    public Uri Endpoint { get; }

    public bool IgnoresIfNoneMatch { get; set; }

    public bool IgnoresIfMatch { get; set; }

    /// <summary>True: as Ceph before 20, a tag in quotes never matches.</summary>
    public bool WantsBareTags { get; set; }

    /// <summary>True: requests that are signed in their URL are refused.</summary>
    public bool RefusesUrls { get; set; }

    /// <summary>The one access key that is known; null = any.</summary>
    public string? KnownKey { get; set; }

    /// <summary>So many of the next answers to GET end in the middle of their body.</summary>
    public int CutAnswers;

    /// <summary>Answers to GET wait for what this gives.</summary>
    public Func<Task> Gate { get; set; } = () => Task.CompletedTask;

    /// <summary>What becomes of the next requests with a method: a status that is answered at once, 0: carried out, and the answer is lost, or <see cref="Hangs"/>.</summary>
    public ConcurrentQueue<(string Method, int Status, string Code)> Failures { get; } = new();

    public ConcurrentQueue<string> Requests { get; } = new();

    public S3StoreOptions Options => new()
    {
        Endpoints = [Endpoint], Bucket = Bucket, CredentialsFile = TestCredentials.Write("key", "secret"), RequestTimeout = TimeSpan.FromSeconds(5),
    };

    /// <summary>Changes a stored object as an accident would.</summary>
    public void Damage(string key, Func<byte[], byte[]> change)
    {
        lock (sync)
            objects[key] = objects[key] with { Content = change(objects[key].Content) };
    }

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await loop;
    }

    private async Task RunAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            _ = Task.Run(() => ServeAsync(context));
        }
    }

    private async Task ServeAsync(HttpListenerContext context)
    {
        string method = context.Request.HttpMethod;
        using var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body);
        Requests.Enqueue($"{method} {context.Request.Url!.PathAndQuery}");
        (string Method, int Status, string Code)? failure = Failures.TryPeek(out var next) && next.Method == method && Failures.TryDequeue(out next) ? next : null;
        if (failure is { Status: Hangs })
            return;
        if (method == "GET")
            await Gate();
        try
        {
            if (RefusesUrls && IsSignedInUrl(context.Request))
                Fail(context.Response, 403, "AccessDenied");
            else if (KnownKey is { } key && !(context.Request.Headers["Authorization"] + context.Request.QueryString["X-Amz-Credential"]).Contains(key, StringComparison.Ordinal))
                Fail(context.Response, 403, "InvalidAccessKeyId");
            else if (failure is { Status: > 0 } refused)
                Fail(context.Response, refused.Status, refused.Code);
            else
                lock (sync)
                    Answer(context, body.ToArray());
            if (failure is { Status: 0 })
                context.Response.Abort();
            else
                context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
        {
            // The client is gone.
        }
    }

    private static bool IsSignedInUrl(HttpListenerRequest request) => request.QueryString["X-Amz-Signature"] is not null;

    private void Answer(HttpListenerContext context, byte[] body)
    {
        HttpListenerRequest request = context.Request;
        HttpListenerResponse response = context.Response;
        string[] path = request.Url!.AbsolutePath.TrimStart('/').Split('/', 2);
        if (path[0] != Bucket)
            Fail(response, 404, "NoSuchBucket");
        else if (path.Length == 1 || path[1].Length == 0)
            List(response, request.QueryString["prefix"] ?? "");
        else if (request.HttpMethod == "PUT")
            Put(request, response, path[1], body);
        else if (request.HttpMethod == "DELETE")
        {
            objects.Remove(path[1]);
            response.StatusCode = 204;
        }
        else if (objects.TryGetValue(path[1], out Stored? stored))
            Get(request, response, stored);
        else
            Fail(response, 404, "NoSuchKey");
    }

    [SuppressMessage("Security", "CA5351", Justification = "Content-MD5 and entity tags are MD5 in S3.")]
    private void Put(HttpListenerRequest request, HttpListenerResponse response, string key, byte[] body)
    {
        objects.TryGetValue(key, out Stored? stored);
        string? ifMatch = request.Headers["If-Match"];
        bool matches = ifMatch is null || IgnoresIfMatch || (stored is not null && ifMatch == (WantsBareTags ? stored.Tag : $"\"{stored.Tag}\""));
        if ((request.Headers["If-None-Match"] == "*" && stored is not null && !IgnoresIfNoneMatch) || !matches)
        {
            Fail(response, 412, "PreconditionFailed");
            return;
        }
        byte[] md5 = MD5.HashData(body);
        if (request.Headers["Content-MD5"] is { } sent && sent != Convert.ToBase64String(md5))
        {
            Fail(response, 400, "BadDigest");
            return;
        }
        var metadata = request.Headers.AllKeys.Where(name => name!.StartsWith("x-amz-meta-", StringComparison.OrdinalIgnoreCase)).ToDictionary(name => name!, name => request.Headers[name]!);
        objects[key] = new(body, Convert.ToHexStringLower(md5), metadata);
        response.AddHeader("ETag", $"\"{objects[key].Tag}\"");
    }

    private void Get(HttpListenerRequest request, HttpListenerResponse response, Stored stored)
    {
        response.AddHeader("ETag", $"\"{stored.Tag}\"");
        foreach ((string name, string value) in stored.Metadata)
            response.AddHeader(name, value);
        byte[] content = stored.Content;
        if (request.HttpMethod == "GET" && request.Headers["Range"] is { } range)
        {
            long[] ends = [.. range["bytes=".Length..].Split('-').Select(text => long.Parse(text, CultureInfo.InvariantCulture))];
            if (ends[0] >= content.Length)
            {
                Fail(response, 416, "InvalidRange");
                return;
            }
            long last = Math.Min(ends[1], content.Length - 1);
            response.StatusCode = 206;
            response.AddHeader("Content-Range", $"bytes {ends[0]}-{last}/{content.Length}");
            content = content[(int)ends[0]..(int)(last + 1)];
        }
        response.ContentLength64 = content.Length;
        if (request.HttpMethod == "GET")
        {
            bool isCut = Interlocked.Decrement(ref CutAnswers) >= 0;
            response.OutputStream.Write(content.AsSpan(0, isCut ? content.Length / 2 : content.Length));
            if (isCut)
                response.Abort();
        }
    }

    private void List(HttpListenerResponse response, string prefix)
    {
        var text = new StringBuilder("<ListBucketResult><IsTruncated>false</IsTruncated>");
        foreach ((string key, Stored stored) in objects.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)))
            text.Append(CultureInfo.InvariantCulture, $"<Contents><Key>{key}</Key><ETag>&quot;{stored.Tag}&quot;</ETag><Size>{stored.Content.Length}</Size></Contents>");
        Write(response, 200, text.Append("</ListBucketResult>").ToString());
    }

    private static void Fail(HttpListenerResponse response, int status, string code) =>
        Write(response, status, $"<Error><Code>{code}</Code><Message>{code}</Message></Error>");

    private static void Write(HttpListenerResponse response, int status, string text)
    {
        response.StatusCode = status;
        byte[] body = Encoding.UTF8.GetBytes(text);
        response.ContentType = "application/xml";
        response.ContentLength64 = body.Length;
        try
        {
            response.OutputStream.Write(body);
        }
        catch (Exception e) when (e is ProtocolViolationException or InvalidOperationException)
        {
            // The answer to HEAD has no body.
        }
    }

    private sealed record Stored(byte[] Content, string Tag, IReadOnlyDictionary<string, string> Metadata);
}
