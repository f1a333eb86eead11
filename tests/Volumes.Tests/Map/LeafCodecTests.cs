using Lunaria.Volumes.Map;

namespace Lunaria.Volumes.Tests.Map;

/// <summary>The bytes of a leaf in map.db.</summary>
[TestClass]
public sealed class LeafCodecTests
{
    [TestMethod]
    public void A_leaf_has_the_bytes_of_the_format()
    {
        LeafRun[] runs = [new(0, 0, 0), new(300, 7, 10), new(300, 100, 12), new(5, 0, 511)];
        byte[] content = new byte[LeafCodec.MaxBytes];
        int length = LeafCodec.Encode(runs, content);
        // Hole of 10; 2 blocks, +300, 7; 499 blocks, +0, +91 behind 9; 1 block, -295, 0; CRC32C.
        Assert.AreEqual("010400" + "14" + "05" + "D804" + "0E" + "E707" + "00" + "B601" + "03" + "CD04" + "00", Convert.ToHexString(content, 0, length - 4));
    }

    [TestMethod]
    public void Random_leaves_come_back_and_no_flipped_bit_does()
    {
        int seed = Seed.One();
        var random = new Random(seed);
        byte[] content = new byte[LeafCodec.MaxBytes];
        LeafRun[] runs = new LeafRun[512], read = new LeafRun[512];
        for (int round = 0; round < 300; round++)
        {
            int count = 0;
            int step = random.Next(1, 100);
            for (int block = 0; block < 512; block += random.Next(1, step + 1))
            {
                uint segment = random.Next(4) switch { 0 => 0, 1 => uint.MaxValue - (uint)random.Next(3), _ => (uint)random.Next(1, 5000) };
                runs[count++] = new(segment, (ushort)(segment == 0 ? 0 : random.Next(65536 - 512)), (ushort)block);
            }
            int length = LeafCodec.Encode(runs.AsSpan(0, count), content);
            Assert.AreEqual(count, LeafCodec.Decode(content.AsSpan(0, length), read), $"LUNARIA_SEED={seed}");
            CollectionAssert.AreEqual(runs[..count], read[..count]);
            int bit = random.Next(length * 8);
            content[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.AreEqual(0, LeafCodec.Decode(content.AsSpan(0, length), read), $"LUNARIA_SEED={seed}");
            Assert.AreEqual(0, LeafCodec.Decode(content.AsSpan(0, random.Next(length)), read));
        }
    }

    [TestMethod]
    public void The_longest_leaf_fits()
    {
        var runs = new LeafRun[512];
        for (int i = 0; i < 512; i++)
            runs[i] = new(i % 2 == 0 ? 1 : uint.MaxValue, (ushort)(i % 2 == 0 ? 65535 : 1), (ushort)i);
        byte[] content = new byte[LeafCodec.MaxBytes];
        int length = LeafCodec.Encode(runs, content);
        Assert.AreEqual(512, LeafCodec.Decode(content.AsSpan(0, length), new LeafRun[512]));
    }
}
