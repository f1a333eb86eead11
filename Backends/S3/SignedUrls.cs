using Amazon.S3;
using Amazon.S3.Model;

namespace Lunaria.Backends.S3;

/// <summary>
/// URLs that the SDK signed for reading objects at one address. A range needs no signature, so one URL serves all reads of an object for a while. Those used last are kept, in two
/// generations of which the older one is dropped whole. Owned by its <see cref="S3Address"/>; thread-safe. No message names a URL: who has one may read the object.
/// </summary>
internal sealed class SignedUrls(IAmazonS3 client, bool isEncrypted, TimeProvider time)
{
    private const int PerGeneration = 2048;

    // No read begins near the end of what its URL is signed for, also where clocks differ a little.
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(15), Use = TimeSpan.FromMinutes(10);
    private readonly Lock sync = new();
    private Dictionary<string, (Uri Url, long SignedAt)> young = [], old = [];

    /// <summary>The URL of an object; signed now where there is none. Nothing is asked of the store; the SDK may look for fresh credentials.</summary>
    public async ValueTask<Uri> GetAsync(string bucket, string objectKey)
    {
        lock (sync)
            if (Find(objectKey) is { } known)
                return known;
        string text = await client.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = bucket,
            Key = objectKey,
            Verb = HttpVerb.GET,
            Protocol = isEncrypted ? Protocol.HTTPS : Protocol.HTTP,
            Expires = (time.GetUtcNow() + Validity).UtcDateTime,
        });
        // Asked for as it was signed: Uri would write some characters in another way.
        var url = new Uri(text, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        lock (sync)
            Keep(objectKey, (url, time.GetTimestamp()));
        return url;
    }

    /// <summary>Drops all: the credentials that signed them are not valid any more.</summary>
    public void Clear()
    {
        lock (sync)
            (young, old) = ([], []);
    }

    private Uri? Find(string objectKey)
    {
        if (!young.TryGetValue(objectKey, out (Uri Url, long SignedAt) found))
        {
            if (!old.TryGetValue(objectKey, out found))
                return null;
            Keep(objectKey, found);
        }
        return time.GetElapsedTime(found.SignedAt) < Use ? found.Url : null;
    }

    private void Keep(string objectKey, (Uri Url, long SignedAt) signed)
    {
        if (young.Count >= PerGeneration)
            (old, young) = (young, []);
        young[objectKey] = signed;
    }
}
