using System.Text;
using Lunaria.Backends.Pool.Format;

namespace Lunaria.Backends.Pool;

/// <summary>Refuses settings that cannot work, with the numbers that could.</summary>
internal static class PoolOptionsCheck
{
    /// <summary>Throws Fatal where so many components cannot have so many copies.</summary>
    public static void CheckCopies(string pool, int copies, int components)
    {
        if (copies is < 1 or > LabelCodec.MaxCopies)
            throw PoolMembership.Refuse($"Pool '{pool}' can store each object 1 to {LabelCodec.MaxCopies} times, not {copies}.");
        if (components < copies)
            throw PoolMembership.Refuse($"Pool '{pool}' needs {copies} components that work for {copies} copies of each object, and has {components}. Add a component.");
    }

    /// <summary>Throws Fatal, naming the setting.</summary>
    public static void Check(LocalPoolOptions options)
    {
        Require(options, options.Components.Count is >= 1 and <= LabelCodec.MaxMembers, $"a pool has 1 to {LabelCodec.MaxMembers} components, not {options.Components.Count}");
        Require(options, Encoding.UTF8.GetByteCount(options.Name) is >= 1 and <= LabelCodec.MaxNameBytes, $"a name has 1 to {LabelCodec.MaxNameBytes} bytes of UTF-8");
        Require(options, options.ChunkBytes is >= ComponentLayout.MinChunkBytes and <= ComponentLayout.MaxChunkBytes && int.IsPow2(options.ChunkBytes),
            $"chunks have a power of two of bytes from {ComponentLayout.MinChunkBytes} to {ComponentLayout.MaxChunkBytes}, not {options.ChunkBytes}");
        Require(options, options.Components.DistinctBy(source => source.DisplayPath).Count() == options.Components.Count, "a component is named twice");
    }

    /// <summary>Throws Fatal, naming the setting, where no pool can be made of such sizes. Of a pool that exists the labels know them: a device that is gone has none.</summary>
    public static void CheckSizes(LocalPoolOptions options)
    {
        foreach (PoolComponentSource source in options.Components)
            Require(options, source.SizeBytes >= ComponentLayout.MinSizeBytes(options.ChunkBytes),
                $"component {source.DisplayPath} of {source.SizeBytes} bytes is too small for chunks of {options.ChunkBytes}: "
                + $"it needs {ComponentLayout.MinSizeBytes(options.ChunkBytes)}");
        long total = options.Components.Sum(source => ComponentLayout.Create(source.SizeBytes, options.ChunkBytes).DataBytes);
        long reserve = PoolSpace.ReserveBytes(options, total, options.ChunkBytes);
        Require(options, reserve >= 0 && reserve < total, $"a reserve of {reserve} bytes leaves nothing of the {total} bytes that objects can use");
        WatermarkOptions marks = options.Watermarks;
        Require(options, marks.FullMark(total) >= 0 && marks.LowMark(total) >= marks.FullMark(total) && marks.LowMark(total) <= total && marks.HysteresisPercent >= 0,
            $"the low mark ({marks.LowMark(total)} bytes) must lie between the full mark ({marks.FullMark(total)}) and the pool's {total} bytes");
    }

    private static void Require(LocalPoolOptions options, bool condition, string message)
    {
        if (!condition)
            throw PoolMembership.Refuse($"Settings of pool '{options.Name}' cannot work: {message}.");
    }
}
