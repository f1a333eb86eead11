using Lunaria.Backends.Pool;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>Small pools for tests.</summary>
internal static class TestPool
{
    /// <summary>Settings with the smallest chunks: slots of 1 KiB.</summary>
    public static LocalPoolOptions Options { get; } = new() { Name = "test", ChunkBytes = 64 << 10, Components = [] };

    /// <summary>Components "c0", "c1"... of the given sizes on one disk.</summary>
    public static LocalPoolOptions On(IDisk disk, LocalPoolOptions options, params long[] sizesBytes) => options with
    {
        Components = [.. sizesBytes.Select((size, i) => new PoolComponentSource(disk, $"c{i}", $"/pool/c{i}", size))],
    };

    public static ValueTask<LocalPool> OpenAsync(IDisk disk, LocalPoolOptions options, params long[] sizesBytes) =>
        LocalPool.OpenAsync(On(disk, options, sizesBytes), NullLogger.Instance);

    public static ValueTask<LocalPool> OpenAsync(IDisk disk, ILogger logger, LocalPoolOptions options, params long[] sizesBytes) =>
        LocalPool.OpenAsync(On(disk, options, sizesBytes), logger);
}
