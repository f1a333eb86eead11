namespace Lunaria.Volumes.Tests.Cache;

/// <summary>Reads of a store that is far away: one in flight for each window, windows in a row in one request, and what follows before it is asked for.</summary>
[TestClass]
public sealed class ReadAheadTests
{
    [TestMethod]
    public async Task What_many_ask_for_at_once_is_read_once()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(8 << 20, memoryBytes: 8 << 20);
        (Volume volume, byte[] content) = await bed.FillAsync("v", 512, 1);
        int gets = bed.Gets;
        await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(() => CacheBed.ReadAsync(volume, content, 200 + (i % 8)))));
        Assert.IsLessThanOrEqualTo(2, bed.Gets - gets, "reads of at most two windows");
        gets = bed.Gets;
        await CacheBed.ReadAsync(volume, content, 256, 256);
        Assert.IsLessThanOrEqualTo(6, bed.Gets - gets, "a long read of 16 windows or so in two segments");
    }

    [TestMethod]
    public async Task A_stream_finds_what_it_asks_for()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(32 << 20, memoryBytes: 16 << 20);
        (Volume volume, byte[] content) = await bed.FillAsync("v", 4096, 2);
        int waited = 0;
        byte[] read = new byte[CacheBed.Block];
        for (int block = 0; block < 4096; block++)
        {
            if (!volume.TryRead((long)block * CacheBed.Block, read))
                waited++;
            await CacheBed.ReadAsync(volume, content, block);
            if (block % 16 == 15)
                await bed.SettleAsync();
        }
        Assert.IsLessThan(4096 / 16 / 2, waited, "waits of a stream over 256 windows");
        Assert.IsLessThan(150, bed.Gets);
    }
}
