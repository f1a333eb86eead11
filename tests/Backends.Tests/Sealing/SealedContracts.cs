using Lunaria.Backends.Pool;
using Lunaria.Backends.Tests.Contract;
using Lunaria.Backends.Tests.Pool;
using Lunaria.Backends.Tests.S3;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.Sealing;

/// <summary>The contract on an encrypted store in memory.</summary>
[TestClass]
public sealed class SealedMemoryContract : ObjectStoreContract
{
    protected override async ValueTask<IObjectStore> CreateAsync() => await TestSealing.OpenAsync(new MemoryObjectStore { CapacityBytes = 64 << 20 });
}

/// <summary>The contract on an encrypted pool.</summary>
[TestClass]
public sealed class SealedPoolContract : ObjectStoreContract
{
    protected override async ValueTask<IObjectStore> CreateAsync() =>
        await TestSealing.OpenAsync(await TestPool.OpenAsync(new SimDisk(), TestPool.Options with { ChunkBytes = 4 << 20 }, 64 << 20, 50 << 20));
}

/// <summary>The contract on a bucket of the fake server, encrypted.</summary>
[TestClass]
public sealed class SealedFakeStoreContract : ObjectStoreContract, IAsyncDisposable
{
    private readonly FakeS3 _server = new();

    protected override bool HasEndOfSpace => false;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    protected override async ValueTask<IObjectStore> CreateAsync() => await TestSealing.OpenAsync(await RealStore.OpenAsync(_server.Options));
}

/// <summary>The contract on a bucket of a real store, encrypted.</summary>
[TestClass]
public sealed class SealedRealStoreContract : ObjectStoreContract
{
    protected override bool HasEndOfSpace => false;

    protected override async ValueTask<IObjectStore> CreateAsync() => await TestSealing.OpenAsync(await RealStore.OpenAsync(await RealStore.NewPoolAsync()));
}

/// <summary>The contract on a pool whose objects are compressed where that pays.</summary>
[TestClass]
public sealed class PackedPoolContract : ObjectStoreContract
{
    protected override async ValueTask<IObjectStore> CreateAsync() =>
        await TestSealing.OpenAsync(await TestPool.OpenAsync(new SimDisk(), TestPool.Options with { ChunkBytes = 4 << 20 }, 64 << 20, 50 << 20), null, packs: true);
}

/// <summary>The contract on a bucket of a real store, compressed and encrypted.</summary>
[TestClass]
public sealed class PackedRealStoreContract : ObjectStoreContract
{
    protected override bool HasEndOfSpace => false;

    protected override bool ListsLengths => false;

    protected override async ValueTask<IObjectStore> CreateAsync() => await TestSealing.OpenAsync(await RealStore.OpenAsync(await RealStore.NewPoolAsync()), packs: true);
}
