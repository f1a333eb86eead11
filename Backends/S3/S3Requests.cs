using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Amazon.S3.Model;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.S3;

/// <summary>What an upload asks for: nothing, that there is no object yet, or that the object has a tag.</summary>
internal readonly record struct S3Condition(bool MustBeAbsent, string? Tag)
{
    /// <summary>Nothing.</summary>
    public static S3Condition None => default;

    /// <summary>There is no object yet.</summary>
    public static S3Condition Absent => new(true, null);
}

/// <summary>What a store says of an object: <paramref name="Writer"/> is the upload that it came by.</summary>
internal sealed record S3Head(ObjectInfo Info, string? Writer);

/// <summary>A page of a list; <paramref name="Next"/> = where the next one begins, or null.</summary>
internal sealed record S3Page(IReadOnlyList<ObjectInfo> Objects, string? Next);

/// <summary>
/// The requests of the S3 protocol that a pool needs, and the form of their content (docs/FORMATS.md, "Objects in S3"). Owned by the store; thread-safe.
/// </summary>
internal sealed class S3Requests(S3StoreOptions options)
{
    private const string WriterName = "x-amz-meta-lunaria-writer", ChecksumName = "x-amz-meta-lunaria-crc32c";
    private readonly string prefix = options.Prefix.Length > 0 ? options.Prefix + "/" : "";
    private readonly bool isEncrypted = options.Endpoints[0].Scheme == Uri.UriSchemeHttps;

    /// <summary>True: tags go into If-Match in quotes, as RFC 9110 8.8.3 has them; false: bare, as Ceph before 20 wants them.</summary>
    public bool QuotesTags { get; set; } = true;

    /// <summary>Uploads an object; gives its tag. The store checks the bytes against their MD5.</summary>
    public async Task<string> PutAsync(
        S3Address address, string key, ReadOnlyMemory<byte> content, S3Condition condition, string writer, CancellationToken cancellation)
    {
        var request = new PutObjectRequest
        {
            BucketName = options.Bucket,
            Key = prefix + key,
            InputStream = Open(content),
            ContentType = "application/octet-stream",
            MD5Digest = Digest(content.Span),
            UseChunkEncoding = false,
            DisablePayloadSigning = isEncrypted,
        };
        request.Metadata[WriterName] = writer;
        request.Metadata[ChecksumName] = Checksum(content.Span);
        if (condition.MustBeAbsent)
            request.IfNoneMatch = "*";
        if (condition.Tag is { } tag)
            request.IfMatch = QuotesTags ? $"\"{tag}\"" : tag;
        return Bare((await address.Client.PutObjectAsync(request, cancellation)).ETag);
    }

    /// <summary>Fills a buffer (not empty) from an offset. A whole object is checked against its checksum.</summary>
    public async Task GetAsync(S3Address address, string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
    {
        using HttpResponseMessage? direct = await address.TryGetRangeAsync(options.Bucket, prefix + key, offsetBytes, destination.Length, cancellation);
        if (direct is not null)
        {
            HttpContentHeaders headers = direct.Content.Headers;
            CheckLength(key, offsetBytes, headers.ContentLength ?? 0, destination.Length);
            await (await direct.Content.ReadAsStreamAsync(cancellation)).ReadExactlyAsync(destination, cancellation);
            string? stored = direct.Headers.TryGetValues(ChecksumName, out IEnumerable<string>? values) ? values.First() : null;
            CheckContent(key, destination.Span, isWhole: offsetBytes == 0 && headers.ContentRange?.Length == destination.Length, stored);
            return;
        }

        var request = new GetObjectRequest
        {
            BucketName = options.Bucket,
            Key = prefix + key,
            ByteRange = new ByteRange(offsetBytes, offsetBytes + destination.Length - 1),
        };
        using GetObjectResponse answer = await address.Client.GetObjectAsync(request, cancellation);
        CheckLength(key, offsetBytes, answer.ContentLength, destination.Length);
        await answer.ResponseStream.ReadExactlyAsync(destination, cancellation);
        // "bytes 0-9/10": the range is all there is.
        bool isWhole = offsetBytes == 0 && answer.ContentRange?.EndsWith($"/{destination.Length}", StringComparison.Ordinal) == true;
        CheckContent(key, destination.Span, isWhole, answer.Metadata[ChecksumName]);
    }

    /// <summary>What the store says of an object; NotFound where there is none.</summary>
    public async Task<S3Head> HeadAsync(S3Address address, string key, CancellationToken cancellation)
    {
        GetObjectMetadataResponse answer = await address.Client.GetObjectMetadataAsync(
            new GetObjectMetadataRequest { BucketName = options.Bucket, Key = prefix + key }, cancellation);
        return new(new(key, answer.ContentLength, Bare(answer.ETag)), answer.Metadata[WriterName]);
    }

    /// <summary>Lists objects by prefix, in ordinal order.</summary>
    public async Task<S3Page> ListAsync(S3Address address, string keyPrefix, string? from, int most, CancellationToken cancellation)
    {
        ListObjectsV2Response answer = await address.Client.ListObjectsV2Async(
            new ListObjectsV2Request { BucketName = options.Bucket, Prefix = prefix + keyPrefix, ContinuationToken = from, MaxKeys = most }, cancellation);
        return new(
            [.. (answer.S3Objects ?? []).Select(found => new ObjectInfo(found.Key[prefix.Length..], found.Size ?? 0, Bare(found.ETag)))],
            answer.IsTruncated == true ? answer.NextContinuationToken : null);
    }

    /// <summary>Deletes an object, also where there is none. Stores know no condition for it that all of them keep.</summary>
    public Task DeleteAsync(S3Address address, string key, CancellationToken cancellation) =>
        address.Client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = options.Bucket, Key = prefix + key }, cancellation);

    private void CheckLength(string key, long offsetBytes, long lengthBytes, int wantedBytes)
    {
        if (lengthBytes != wantedBytes)
            throw new ObjectStoreException(ObjectStoreError.Fatal,
                $"{options.DisplayName}: object '{key}' has only {lengthBytes} of {wantedBytes} bytes at {offsetBytes}. It was cut off; restore it from a copy.");
    }

    private void CheckContent(string key, ReadOnlySpan<byte> content, bool isWhole, string? stored)
    {
        if (isWhole && stored is not null && stored != Checksum(content))
            throw new ObjectStoreException(ObjectStoreError.Retry,
                $"{options.DisplayName}: object '{key}' arrived with bytes that do not have the checksum that it was stored with. If it goes on, restore it from a copy.");
    }

    private static MemoryStream Open(ReadOnlyMemory<byte> content) => MemoryMarshal.TryGetArray(content, out ArraySegment<byte> array)
        ? new(array.Array!, array.Offset, array.Count, writable: false)
        : new(content.ToArray(), writable: false);

    [SuppressMessage("Security", "CA5351", Justification = "Content-MD5 is the one body checksum that every store verifies; it guards against accidents only.")]
    private static string Digest(ReadOnlySpan<byte> content) => Convert.ToBase64String(MD5.HashData(content));

    private static string Checksum(ReadOnlySpan<byte> content)
    {
        Span<byte> crc = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(crc, Crc32C.Compute(content));
        return Convert.ToHexStringLower(crc);
    }

    private static string Bare(string? tag) => tag?.Trim('"') ?? "";
}
