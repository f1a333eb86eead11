using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli;

/// <summary>
/// A client of the API. Trusts the certificate it is given, or those this machine trusts. Refusals become <see cref="VerbException"/> with what
/// the API says. Owned by one verb.
/// </summary>
internal sealed class ApiClient : IDisposable
{
    /// <summary>For an answer; streams go on as long as they do.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly HttpClient _http;
    private readonly X509Certificate2? _certificate;

    /// <summary>A client that speaks to <paramref name="server"/> as the owner of a token.</summary>
    public ApiClient(Uri server, string token, string? certificatePath)
    {
        try
        {
            _certificate = certificatePath == null ? null : X509Certificate2.CreateFromPem(File.ReadAllText(certificatePath));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new VerbException(ExitCode.Failed, $"the certificate {certificatePath} cannot be read: {e.Message}");
        }

        var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(10) };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, errors) =>
            _certificate == null ? errors == SslPolicyErrors.None : presented?.GetRawCertData().AsSpan().SequenceEqual(_certificate.RawData) == true;
        _http = new HttpClient(handler) { BaseAddress = new Uri(server, "/api/v1/"), Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>The text of an answer. <paramref name="body"/> null: none is sent.</summary>
    public async Task<string> SendAsync<T>(HttpMethod method, string path, T? body, JsonTypeInfo<T> bodyType)
        where T : class
    {
        using var request = new HttpRequestMessage(method, path);
        if (body != null)
            request.Content = JsonContent.Create(body, bodyType);
        return await SendAsync(request);
    }

    /// <summary>The text of the answer to a request without a body.</summary>
    public async Task<string> SendAsync(HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        return await SendAsync(request);
    }

    /// <summary>Writes the answer to a stream as it comes.</summary>
    public async Task DownloadAsync(string path, Stream destination)
    {
        using var response = await GetResponseAsync(new HttpRequestMessage(HttpMethod.Get, path), HttpCompletionOption.ResponseHeadersRead);
        await response.Content.CopyToAsync(destination);
    }

    /// <summary>Sends a stream of bytes, as long as it goes on; the text of the answer.</summary>
    public async Task<string> UploadAsync(string path, Stream content)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StreamContent(content, bufferSize: 1 << 20) };
        using var response = await GetResponseAsync(request, HttpCompletionOption.ResponseContentRead);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>The answer as a stream that goes on, line by line.</summary>
    public async IAsyncEnumerable<string> ReadLinesAsync(string path, [EnumeratorCancellation] CancellationToken stop = default)
    {
        using var response = await GetResponseAsync(new HttpRequestMessage(HttpMethod.Get, path), HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(stop));
        while (await reader.ReadLineAsync(stop) is { } line)
            yield return line;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _certificate?.Dispose();
    }

    private async Task<string> SendAsync(HttpRequestMessage request)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var response = await GetResponseAsync(request, HttpCompletionOption.ResponseContentRead, patience.Token);
        return await response.Content.ReadAsStringAsync();
    }

    private async Task<HttpResponseMessage> GetResponseAsync(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken stop = default)
    {
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, completion, stop);
        }
        catch (HttpRequestException e) when (e.InnerException is AuthenticationException)
        {
            throw new VerbException(ExitCode.Failed, $"{_http.BaseAddress!.Authority} shows a certificate that is not trusted here: name it with --certificate FILE");
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            throw new VerbException(ExitCode.Failed, $"{_http.BaseAddress!.Authority} does not answer: {e.Message} Does the appliance run?");
        }

        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw await ReadProblemAsync(response);
    }

    private static async Task<VerbException> ReadProblemAsync(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        var exitCode = status == 400 ? ExitCode.WrongUsage : ExitCode.Failed;
        try
        {
            var problem = await response.Content.ReadFromJsonAsync(ApiJson.Default.ProblemView);
            return new VerbException(exitCode, problem!.Detail);
        }
        catch (JsonException)
        {
            return new VerbException(exitCode, $"{response.RequestMessage!.RequestUri} answers {status}: is that an appliance?");
        }
    }
}
