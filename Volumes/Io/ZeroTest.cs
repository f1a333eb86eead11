namespace Lunaria.Volumes.Io;

/// <summary>Finds blocks of zeros. Stateless; any thread.</summary>
public static class ZeroTest
{
    /// <summary>True where every byte is zero. Looks at the start first, so that other data costs nearly nothing.</summary>
    public static bool IsZero(ReadOnlySpan<byte> source) => source.IndexOfAnyExcept((byte)0) < 0;
}
