using Amazon.S3;
using Lunaria.Backends.S3;
using Lunaria.Volumes.Backend;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Backends.Tests.S3;

/// <summary>
/// The S3 store that the environment names: S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY. Without it the tests that need one are skipped, by name.
/// </summary>
internal static class RealStore
{
    private const string Bucket = "lunaria-tests";
    private static readonly Lazy<Task<S3StoreOptions>> Prepared = new(PrepareAsync);

    /// <summary>Options for an empty pool of its own in the store.</summary>
    public static async ValueTask<S3StoreOptions> NewPoolAsync()
    {
        if (Environment.GetEnvironmentVariable("S3_ENDPOINT") is null)
            Assert.Inconclusive("There is no S3 store: S3_ENDPOINT is not set. tests/lib/with-rgw.sh dotnet test runs these tests with one.");
        return await Prepared.Value with { Prefix = Guid.NewGuid().ToString("n")[..8] };
    }

    public static ValueTask<S3ObjectStore> OpenAsync(S3StoreOptions options) =>
        S3ObjectStore.OpenAsync(options, TimeProvider.System, NullLogger.Instance, CancellationToken.None);

    private static async Task<S3StoreOptions> PrepareAsync()
    {
        string endpoint = Need("S3_ENDPOINT"), region = Need("S3_REGION"), access = Need("S3_ACCESS_KEY"), secret = Need("S3_SECRET_KEY");
        using var client = new AmazonS3Client(access, secret, new AmazonS3Config { ServiceURL = endpoint, ForcePathStyle = true, AuthenticationRegion = region });
        await client.PutBucketAsync(Bucket);
        return new S3StoreOptions { Endpoints = [new Uri(endpoint)], Bucket = Bucket, Region = region, CredentialsFile = TestCredentials.Write(access, secret) };
    }

    private static string Need(string name) => Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set, but S3_ENDPOINT is.");
}

/// <summary>Credentials files for tests; they go away with the process.</summary>
internal static class TestCredentials
{
    private static readonly Lazy<string> Folder = new(() =>
    {
        string folder = Directory.CreateTempSubdirectory("lunaria-keys-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    });

    public static string Write(string access, string secret)
    {
        string path = Path.Combine(Folder.Value, Guid.NewGuid().ToString("n"));
        File.WriteAllText(path, $"[default]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n");
        return path;
    }
}
