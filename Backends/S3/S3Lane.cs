using Amazon.Runtime;
using Amazon.S3;
using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.S3;

/// <summary>
/// Requests of one kind, with a limit and connections of their own. Tries again what may succeed, on another address where there is one. A request that takes much longer than those before
/// it is given up, since it may hang; each time that happens it is waited for twice as long, since the store may be slow. Owned by the store; thread-safe.
/// </summary>
internal sealed class S3Lane : IDisposable
{
    // Others may begin to use the same way.
    private const double PaceMargin = 4;
    private readonly S3StoreOptions options;
    private readonly EndpointRing ring;
    private readonly TimeProvider time;
    private readonly PaceEstimate pace;
    private readonly SemaphoreSlim slots;
    private readonly S3HttpClients connections;
    private readonly S3Address[] addresses;

    public S3Lane(S3StoreOptions options, AWSCredentials? credentials, EndpointRing ring, int limit, TimeProvider time)
    {
        (this.options, this.ring, this.time) = (options, ring, time);
        pace = new PaceEstimate(options.SlowestBytesPerSecond);
        slots = new SemaphoreSlim(limit);
        connections = new S3HttpClients(options, limit);
        addresses = [.. options.Endpoints.Select(endpoint => new S3Address(Connect(endpoint, credentials), connections.Client, endpoint.Scheme == Uri.UriSchemeHttps, time))];
    }

    /// <summary>True while a request would start at once.</summary>
    public bool HasRoom => slots.CurrentCount > 0;

    /// <summary>
    /// Carries a request out, trying again what may succeed later. <paramref name="name"/>: what it is called in messages.
    /// <paramref name="lengthBytes"/>: bytes that it moves. Where only the caller's token ends it, OperationCanceledException; else <see cref="ObjectStoreException"/>.
    /// </summary>
    public async Task<T> RunAsync<T>(string name, int lengthBytes, Func<S3Address, CancellationToken, Task<T>> request, CancellationToken cancellation)
    {
        for ((int attempt, int hung) = (0, 0); ; attempt++)
            try
            {
                return await TryAsync(name, lengthBytes, LimitFor(lengthBytes, hung), request, cancellation);
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Retry && attempt + 1 < options.Attempts)
            {
                hung += e.InnerException is OperationCanceledException ? 1 : 0;
                await Task.Delay(BackOff.Delay(attempt, time), time, cancellation);
            }
    }

    /// <summary>As <see cref="RunAsync"/>, once, and waited for as long as it may take.</summary>
    public Task<T> TryAsync<T>(string name, int lengthBytes, Func<S3Address, CancellationToken, Task<T>> request, CancellationToken cancellation) =>
        TryAsync(name, lengthBytes, options.TimeoutFor(lengthBytes), request, cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (S3Address address in addresses)
            address.Dispose();
        connections.Dispose();
        slots.Dispose();
    }

    private TimeSpan LimitFor(int lengthBytes, int hung)
    {
        TimeSpan limit = (options.RequestTimeout + PaceMargin * pace.For(lengthBytes)) * Math.Pow(2, hung), longest = options.TimeoutFor(lengthBytes);
        return limit < longest ? limit : longest;
    }

    private async Task<T> TryAsync<T>(string name, int lengthBytes, TimeSpan patience, Func<S3Address, CancellationToken, Task<T>> request, CancellationToken cancellation)
    {
        await slots.WaitAsync(cancellation);
        try
        {
            int endpoint = ring.Choose();
            long start = time.GetTimestamp();
            using var limit = new CancellationTokenSource(patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
            try
            {
                T answer = await request(addresses[endpoint], either.Token);
                ring.Worked(endpoint);
                pace.Add(lengthBytes, time.GetElapsedTime(start));
                return answer;
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                if (S3Errors.IsEndpointFault(e))
                    ring.Failed(endpoint);
                else
                    ring.Worked(endpoint);
                throw S3Errors.Translate(e, options.DisplayName, name);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new OperationCanceledException($"{name} was given up.", e, cancellation);
            }
        }
        finally
        {
            slots.Release();
        }
    }

    private AmazonS3Client Connect(Uri endpoint, AWSCredentials? credentials)
    {
        var config = new AmazonS3Config
        {
            ServiceURL = endpoint.AbsoluteUri,
            ForcePathStyle = true,
            AuthenticationRegion = options.Region,
            HttpClientFactory = connections,
            MaxErrorRetry = 0,
            Timeout = TimeSpan.FromHours(1),
            // Not every store knows checksums in trailers; Content-MD5 and the objects' own checksums cover the way.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        return credentials is null ? new AmazonS3Client(config) : new AmazonS3Client(credentials, config);
    }
}
