using System.Diagnostics.Metrics;
using Lunaria.Appliance.Settings;
using Lunaria.Backends;
using Lunaria.Backends.S3;
using Lunaria.Backends.Sealing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Recovery;
using Lunaria.WebUi.Administration;
using Microsoft.Extensions.Logging;

namespace Lunaria.Appliance.Hosting;

/// <summary>The store that the settings name, and what has to be closed with it. Owned by the run; disposed after the engine.</summary>
internal sealed class BackendStore : IAsyncDisposable
{
    private readonly IAsyncDisposable _owner;
    private readonly string _name, _directory;

    private readonly SealedStore? _sealed;

    private BackendStore(IObjectStore store, SealedStore? sealedStore, IAsyncDisposable owner, string name, string directory) =>
        (Store, _sealed, _owner, _name, _directory) = (sealedStore ?? store, sealedStore, owner, name, directory);

    /// <summary>What was wrong with the pool's components when it was opened, a line each.</summary>
    public IReadOnlyList<string> Findings { get; private init; } = [];

    /// <summary>True for a pool that goes on without a component: what lay there alone is gone.</summary>
    private bool MayLackSuperblock { get; init; }

    /// <summary>The store; once claimed, for as long as it is this appliance's.</summary>
    public IObjectStore Store { get; private set; }

    /// <summary>What the administration can do with a pool of this machine; null where the store is a bucket.</summary>
    public PoolAccess? Pool { get; private init; }

    /// <summary>What the administration can do with the keys of an encrypted store; null where it is not.</summary>
    public EncryptionAccess? Encryption => _sealed is null ? null : new StoreEncryption(_sealed, _directory).Access;

    /// <summary>The right to a store that other machines can reach; null for a pool of this machine, or before it is claimed.</summary>
    public StoreOwnership? Ownership { get; private set; }

    /// <summary>
    /// Opens it; a pool is made only where <paramref name="isFirstStart"/>, and goes on <paramref name="without"/> the components that are named. Waits for an S3 store that cannot be reached until <paramref name="stop"/>. The time of
    /// requests goes to <paramref name="meter"/>.
    /// </summary>
    public static async Task<BackendStore> OpenAsync(ApplianceSettings settings, IReadOnlyList<string> without, bool isFirstStart, Meter meter, TimeProvider time, ILoggerFactory loggers, CancellationToken stop)
    {
        if (settings.S3 is { } bucket)
        {
            var options = Options(bucket);
            var s3 = await S3ObjectStore.OpenAsync(options, time, loggers.CreateLogger<S3ObjectStore>(), stop);
            return await SealAsync(settings, new MeteredStore(s3, meter), s3, options.DisplayName, (store, sealedStore) => new BackendStore(store, sealedStore, s3, options.DisplayName, settings.DataDirectory), stop);
        }

        var files = await PoolFiles.OpenAsync(settings, without, isFirstStart, time, loggers);
        var name = $"the pool on {string.Join(", ", settings.PoolComponents.Select(component => component.Path))}";
        return await SealAsync(settings, new MeteredStore(files.Pool, meter), files, name, (store, sealedStore) => new BackendStore(store, sealedStore, files, name, settings.DataDirectory)
        {
            Pool = files.Access,
            MayLackSuperblock = without.Count > 0,
            Findings = [.. files.Pool.Findings.Select(finding => $"pool.{finding.Kind}: {finding.Component}: {finding.Message}")],
        }, stop);
    }

    /// <summary>
    /// Checks that this store is the one of lunaria.db, and takes a shared one into possession: from another appliance only with <paramref name="takeOver"/>.
    /// <see cref="StartException"/> names the store where that cannot be done.
    /// </summary>
    public async Task ClaimAsync(MetadataDatabase metadata, string dataDirectory, bool takeOver, TimeProvider time, ILoggerFactory loggers, CancellationToken stop)
    {
        try
        {
            if (Store.Capabilities.IsShared)
            {
                Ownership = await StoreOwnership.ClaimAsync(
                    Store, metadata, ApplianceIdentity.Of(dataDirectory), takeOver, time, loggers.CreateLogger<StoreOwnership>(), stop);
                Store = Ownership.Store;
            }
            else
            {
                await Superblock.CheckAsync(Store, metadata, MayLackSuperblock);
            }
            if (_sealed is not null)
                await _sealed.BeginAsync(stop);
        }
        catch (InvalidDataException e)
        {
            throw new StartException($"{_name} does not belong to this data directory. {e.Message}", e);
        }
    }

    /// <summary>Takes a store that other machines can reach into possession, whoever has it, to rebuild an appliance from it. Nothing where only this machine can.</summary>
    public async Task ClaimForImportAsync(string dataDirectory, TimeProvider time, ILoggerFactory loggers, CancellationToken stop)
    {
        if (!Store.Capabilities.IsShared)
            return;
        Ownership = await StoreOwnership.ClaimForImportAsync(Store, ApplianceIdentity.Of(dataDirectory), time, loggers.CreateLogger<StoreOwnership>(), stop);
        Store = Ownership.Store;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Ownership != null)
            await Ownership.DisposeAsync();
        await _owner.DisposeAsync();
    }

    /// <summary>Puts the encryption around a store that was just opened; closes it where that cannot be.</summary>
    private static async Task<BackendStore> SealAsync(
        ApplianceSettings settings, IObjectStore store, IAsyncDisposable owner, string name, Func<IObjectStore, SealedStore?, BackendStore> compose, CancellationToken stop)
    {
        try
        {
            var key = settings.EncryptionKey is { } source ? WrappingKey.Read(source) : null;
            return compose(store, await SealedStore.OpenAsync(store, new SealingOptions(key, settings.Compression), stop));
        }
        catch (Exception e)
        {
            await owner.DisposeAsync();
            if (e is InvalidDataException)
                throw new StartException($"{name} cannot be used. {e.Message}", e);
            throw;
        }
    }

    private static S3StoreOptions Options(S3Settings settings) => new()
    {
        Endpoints = settings.Endpoints,
        Bucket = settings.Bucket,
        Prefix = settings.Prefix,
        Region = settings.Region,
        CredentialsFile = settings.CredentialsFile,
        Profile = settings.Profile,
        CaFile = settings.CaFile,
    };
}
