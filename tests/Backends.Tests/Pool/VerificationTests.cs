using System.Diagnostics;
using Lunaria.Backends.Pool;
using Lunaria.Testing;
using Lunaria.Volumes;
using Lunaria.Volumes.Check;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>Background verification of an engine whose pool keeps two copies.</summary>
[TestClass]
public sealed class VerificationTests
{
    [TestMethod]
    public async Task The_copy_that_nobody_reads_is_verified_and_replaced()
    {
        var disk = new SimDisk();
        var time = new ManualTime();
        DirectoryInfo directory = Directory.CreateTempSubdirectory("lunaria-test-");
        try
        {
            await using LocalPool pool = await TestPool.OpenAsync(disk, TestPool.Options with { Copies = 2, ChunkBytes = 1 << 20 }, 64 << 20, 64 << 20);
            var options = new VolumesOptions { Log = new() { FileBytes = 1 << 20, SizeBytes = 8 << 20 }, MapMemoryBytes = 4 << 20, VerificationBytesPerSecond = 1 << 30 };
            await using VolumeManager manager = await VolumeManager.OpenAsync(new SimDisk(), directory.FullName, pool, options, time, NullLoggerFactory.Instance);
            Volume volume = await manager.CreateVolumeAsync("v", 64 << 20);
            byte[] content = Content.Of("v", 3 << 20), read = new byte[content.Length];
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(0, content, false));
            await manager.Checks.RunAsync(new CheckOptions(), null, CancellationToken.None); // Which destages.
            ObjectEntry[] segments = [.. pool.Objects.Where(entry => entry.Key.StartsWith("volumes/", StringComparison.Ordinal))];
            Assert.IsNotEmpty(segments);
            foreach (ObjectCopy other in segments.Select(entry => entry.InReadingOrder().Last()))
                disk.Corrupt(other.Component.Source.Path, other.OffsetBytes + other.Record.LengthBytes - 100, 0x10);
            Stopwatch patience = Stopwatch.StartNew();
            while (pool.GetStatus().RepairedCopies < segments.Length)
            {
                Assert.IsLessThan(60, patience.Elapsed.TotalSeconds, $"{pool.GetStatus().RepairedCopies} of {segments.Length} copies were replaced");
                if (!time.AdvanceToNextTimer())
                    await Task.Yield();
            }

            Assert.IsEmpty(manager.Checks.GetVerification().Damages, "volumes lost nothing");
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, read));
            CollectionAssert.AreEqual(content, read);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
