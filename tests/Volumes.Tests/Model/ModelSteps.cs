using System.Runtime.InteropServices;
using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.Model;

/// <summary>One random operation on a volume and on the memory it has to be like.</summary>
internal static class ModelSteps
{
    public static async Task WriteAsync(Volume volume, ModelVolume model, Random random)
    {
        (int offset, int length) = Range(random, model.Bytes.Length);
        byte[] content = Content(random, length);
        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(offset, content, durable: random.Next(8) == 0));
        model.Write(offset, content);
    }

    public static void WriteBatch(Volume volume, ModelVolume model, Random random)
    {
        int count = random.Next(1, 12);
        long[] offsets = new long[count];
        ReadOnlyMemory<byte>[] sources = new ReadOnlyMemory<byte>[count];
        for (int i = 0; i < count; i++)
        {
            offsets[i] = (long)random.Next(model.Bytes.Length / EngineBed.Block - 4) * EngineBed.Block;
            sources[i] = Content(random, random.Next(1, 4) * EngineBed.Block);
        }
        if (!volume.TryWriteBatch(offsets, sources))
            return;
        for (int i = 0; i < count; i++)
            model.Write((int)offsets[i], sources[i].Span);
    }

    public static async Task ReadAsync(Volume volume, ModelVolume model, Random random)
    {
        (int offset, int length) = Range(random, model.Bytes.Length);
        byte[] content = new byte[length];
        Fill(random, content);
        if (!volume.TryRead(offset, content))
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(offset, content));
        AssertSame(model.Bytes.Slice(offset, length), content, offset);
    }

    /// <summary>Shares blocks of another volume, or of this one.</summary>
    public static async Task CloneRangeAsync(
        EngineBed bed, Volume volume, ModelVolume model, Volume source, IReadOnlyDictionary<string, ModelVolume> models, Random random)
    {
        int blocks = random.Next(1, random.Next(3) == 0 ? 300 : 20);
        int from = random.Next((int)(source.SizeBytes / EngineBed.Block) - blocks), to = random.Next((model.Bytes.Length / EngineBed.Block) - blocks);
        if (source == volume && Math.Abs(from - to) < blocks)
            return;
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.CloneRangeAsync(
            source, (long)from * EngineBed.Block, volume, (long)to * EngineBed.Block, (long)blocks * EngineBed.Block));
        model.Write(to * EngineBed.Block, models[source.Name].Bytes.Slice(from * EngineBed.Block, blocks * EngineBed.Block));
    }

    /// <summary>What is mapped is what is not zero.</summary>
    public static async Task CheckExtentsAsync(Volume volume, ModelVolume model)
    {
        int size = model.Bytes.Length;
        for (long at = 0; at < size;)
        {
            (VolumeStatus status, bool mapped, long length) = await volume.GetExtentAsync(at, size - at);
            Assert.AreEqual(VolumeStatus.Ok, status);
            Assert.IsTrue(length > 0 && length <= size - at);
            for (long block = at; block < at + length; block += EngineBed.Block)
                Assert.AreEqual(model.Bytes.Slice((int)block, EngineBed.Block).ContainsAnyExcept((byte)0), mapped, $"block at {block}");
            at += length;
        }
    }

    public static (int Offset, int Length) Range(Random random, int volumeBytes)
    {
        int unit = random.Next(3) == 0 ? 512 : EngineBed.Block;
        int length = unit * (random.Next(20) == 0 ? random.Next(1, 300) : random.Next(1, 12));
        return (random.Next((volumeBytes - length) / unit + 1) * unit, length);
    }

    /// <summary>Random bytes, with blocks of zeros among them now and then.</summary>
    public static byte[] Content(Random random, int length)
    {
        byte[] content = new byte[length];
        Fill(random, content);
        if (random.Next(4) == 0)
            for (int at = 0; at < length; at += EngineBed.Block)
                if (random.Next(2) == 0)
                    content.AsSpan(at, Math.Min(EngineBed.Block, length - at)).Clear();
        return content;
    }

    /// <summary>A seeded Random makes bytes slowly, and most of the time went there: it makes a beginning, a simple generator the rest.</summary>
    private static void Fill(Random random, Span<byte> content)
    {
        ulong state = (ulong)random.NextInt64() | 1;
        foreach (ref ulong word in MemoryMarshal.Cast<byte, ulong>(content))
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word = state;
        }
    }

    public static void AssertSame(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, int offset)
    {
        int difference = expected.CommonPrefixLength(actual);
        if (difference < expected.Length)
            Assert.Fail($"The byte at {offset + difference} is {actual[difference]} and not {expected[difference]}.");
    }
}
