using Lunaria.Backends.Pool;
using Lunaria.Testing;
using Lunaria.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>The engine on a pool that it fills many times over: whatever lay there before, a volume reads as what was written to it, and as zeros.</summary>
[TestClass]
public sealed class ReusedSpaceTests
{
    private const int VolumeBytes = 2 << 20, PieceBytes = 1536, Rounds = 24;
    private const long PoolBytes = 8 << 20;

    [TestMethod]
    public async Task A_new_volume_never_shows_bytes_of_one_that_was_there_before()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("lunaria-reuse-");
        try
        {
            await using LocalPool pool = await TestPool.OpenAsync(new SimDisk(), TestPool.Options, PoolBytes);
            VolumesOptions options = new()
            {
                Log = new() { FileBytes = 1 << 20, SizeBytes = 4 << 20 },
                SegmentBytes = 32 << 10,
                CutBytes = 128 << 10,
            };
            await using VolumeManager manager = await VolumeManager.OpenAsync(
                new SimDisk(), directory.FullName, pool, options, TimeProvider.System, NullLoggerFactory.Instance);
            byte[] read = new byte[VolumeBytes];
            HashSet<long> former = [];
            int reused = 0;
            for (int round = 0; round < Rounds; round++)
            {
                byte[] model = new byte[VolumeBytes];
                Volume volume = await manager.CreateVolumeAsync($"v{round}", VolumeBytes);
                // By turns all of it, and a piece now and then that is no whole block.
                int step = round % 2 == 0 ? VolumeBytes : 37 * 1024, length = round % 2 == 0 ? VolumeBytes : PieceBytes;
                for (int at = 0; at + length <= VolumeBytes; at += step)
                {
                    model.AsSpan(at, length).Fill((byte)(round + 1));
                    Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(at, model.AsMemory(at, length), durable: false));
                }
                await manager.FlushToBackendAsync((_, _) => { }, CancellationToken.None);
                Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, read));
                Assert.IsTrue(read.AsSpan().SequenceEqual(model), $"round {round}: differs from byte {read.AsSpan().CommonPrefixLength(model)} on");
                reused += pool.Objects.Count(o => !former.Add(o.First.OffsetBytes));
                await manager.DeleteVolumeAsync(volume);
                await manager.CollectGarbageAsync();
            }
            Assert.IsGreaterThan(Rounds, reused, "places that had another object before");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
