using Lunaria.Backends.Pool;
using Lunaria.Backends.Tests.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Tests.Contract;

[TestClass]
public sealed class LocalPoolOnSimulatedDiskContract : ObjectStoreContract
{
    protected override async ValueTask<IObjectStore> CreateAsync() =>
        await TestPool.OpenAsync(new SimDisk(), TestPool.Options with { ChunkBytes = 1 << 20 }, 40 << 20, 50 << 20);
}

[TestClass]
public sealed class LocalPoolOnFileContract : ObjectStoreContract, IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("lunaria-pool-").FullName;
    private readonly FileSystemDisk disk;

    public LocalPoolOnFileContract() => disk = new FileSystemDisk(directory);

    public void Dispose()
    {
        disk.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    protected override async ValueTask<IObjectStore> CreateAsync() => await TestPool.OpenAsync(disk, TestPool.Options with { ChunkBytes = 4 << 20 }, 1L << 30);
}

[TestClass]
public sealed class MemoryObjectStoreContract : ObjectStoreContract
{
    protected override ValueTask<IObjectStore> CreateAsync() => ValueTask.FromResult<IObjectStore>(new MemoryObjectStore { CapacityBytes = 64 << 20 });
}
