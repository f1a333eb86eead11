using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Tests.Io;

[TestClass]
public sealed class Crc32CTests
{
    [TestMethod]
    public void Known_values()
    {
        Assert.AreEqual(0xE3069283u, Crc32C.Compute("123456789"u8));
        Assert.AreEqual(0u, Crc32C.Compute([]));
        // RFC 7143 A.4: 32 bytes of zeros, of ones, counting up.
        Assert.AreEqual(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.AreEqual(0x62A8AB43u, Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.AreEqual(0x46DD794Eu, Crc32C.Compute(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
        Assert.AreEqual(Crc32C.ZeroBlock, Crc32C.Compute(new byte[4096]));
    }

    [TestMethod]
    public void Every_length_and_every_split_agrees_with_the_definition()
    {
        int seed = Seed.One();
        Random random = new(seed);
        byte[] data = new byte[20_000];
        random.NextBytes(data);
        for (int length = 0; length < data.Length; length += random.Next(1, 300))
        {
            uint expected = Definition(data.AsSpan(0, length));
            Assert.AreEqual(expected, Crc32C.Compute(data.AsSpan(0, length)), $"seed {seed} length {length}");
            Assert.AreEqual(expected, ~Crc32C.Advance(uint.MaxValue, data.AsSpan(0, length)), $"seed {seed} length {length}, by the instruction");
            int split = random.Next(length + 1);
            Assert.AreEqual(expected, Crc32C.Append(Crc32C.Compute(data.AsSpan(0, split)), data.AsSpan(split, length - split)), $"seed {seed} split {split}");
        }
    }

    [TestMethod]
    public void A_single_bit_anywhere_is_not_zero()
    {
        byte[] block = new byte[4096];
        Assert.IsTrue(ZeroTest.IsZero(block));
        for (int bit = 0; bit < 8 * block.Length; bit += 7)
        {
            block[bit / 8] = (byte)(1 << (bit % 8));
            Assert.IsFalse(ZeroTest.IsZero(block));
            block[bit / 8] = 0;
        }
    }

    private static uint Definition(ReadOnlySpan<byte> source)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in source)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0x82F63B78 & (0 - (crc & 1)));
        }
        return ~crc;
    }
}
