using System.Net;
using System.Net.Http.Headers;
using System.Xml;
using System.Xml.Linq;
using Amazon.Runtime;
using Amazon.S3;

namespace Lunaria.Backends.S3;

/// <summary>
/// One address of the store as a lane uses it: the SDK's client, and beside it a short way for ranged reads, over the same connections, with URLs that the SDK signed before: a request of
/// the SDK costs several times the processor time. Owned by the lane; thread-safe.
/// </summary>
internal sealed class S3Address(AmazonS3Client client, HttpClient connections, bool isEncrypted, TimeProvider time) : IDisposable
{
    // How long the SDK asks for all once the store refused a URL: its keys have changed, or it takes no URLs.
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(1);
    private readonly SignedUrls urls = new(client, isEncrypted, time);
    private long refusedAt;
    private volatile bool isRefused;

    /// <summary>The SDK's client for the address.</summary>
    public IAmazonS3 Client => client;

    /// <summary>
    /// The answer to a ranged read, the caller's to read and dispose; null = <see cref="Client"/> must ask: it may have other keys by now, and knows what answers mean.
    /// </summary>
    /// <exception cref="AmazonS3Exception">The store cannot serve now.</exception>
    public async Task<HttpResponseMessage?> TryGetRangeAsync(string bucket, string objectKey, long offsetBytes, int lengthBytes, CancellationToken cancellation)
    {
        if (isRefused && time.GetElapsedTime(Volatile.Read(ref refusedAt)) < Rest)
            return null;
        using var request = new HttpRequestMessage(HttpMethod.Get, await urls.GetAsync(bucket, objectKey));
        request.Headers.Range = new RangeHeaderValue(offsetBytes, offsetBytes + lengthBytes - 1);
        HttpResponseMessage answer = await connections.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (answer.StatusCode == HttpStatusCode.PartialContent)
            return answer;
        using (answer)
        {
            if ((int)answer.StatusCode >= 500)
                throw new AmazonS3Exception("", null, ErrorType.Receiver, await ReadCodeAsync(answer, cancellation), "", answer.StatusCode);
            if (answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
                Refused();
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private void Refused()
    {
        Volatile.Write(ref refusedAt, time.GetTimestamp());
        isRefused = true;
        urls.Clear();
    }

    /// <summary>The store's own word for what is wrong; the status' name where it says none.</summary>
    private static async Task<string> ReadCodeAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        try
        {
            XDocument body = await XDocument.LoadAsync(await answer.Content.ReadAsStreamAsync(cancellation), LoadOptions.None, cancellation);
            return body.Root?.Element("Code")?.Value ?? answer.StatusCode.ToString();
        }
        catch (Exception e) when (e is XmlException or IOException)
        {
            return answer.StatusCode.ToString();
        }
    }
}
