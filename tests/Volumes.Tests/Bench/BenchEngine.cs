using System.Diagnostics;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Volumes.Tests.Bench;

/// <summary>What benches have in common: an engine on a real disk, and a clock. Stateless.</summary>
internal static class BenchEngine
{
    /// <summary>True where LUNARIA_BENCH=1 asks for the sizes; else a bench is a short walk over the same code.</summary>
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("LUNARIA_BENCH") == "1";

    /// <summary>Works with an engine in a temporary directory, whose segments are in memory.</summary>
    public static async Task OnDiskAsync(Func<VolumeManager, Task> work, long? mapMemoryBytes = null)
    {
        string root = Directory.CreateTempSubdirectory("lunaria-bench-").FullName;
        try
        {
            using FileSystemDisk disk = new(root);
            await using MemoryObjectStore store = new();
            VolumesOptions options = new() { Log = new() { FileBytes = 64 << 20, SizeBytes = (IsFull ? 16 : 4) * (64 << 20) } };
            options = options with { MapMemoryBytes = mapMemoryBytes ?? options.MapMemoryBytes };
            await using VolumeManager manager = await VolumeManager.OpenAsync(disk, root, store, options, TimeProvider.System, NullLoggerFactory.Instance);
            await work(manager);
        }
        finally
        {
            Directory.Delete(root, true);
        }
    }

    /// <summary>How long it takes, in ms.</summary>
    public static async Task<double> TimeAsync(Func<Task> work)
    {
        long start = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
