namespace Lunaria.Testing;

/// <summary>
/// What a volume must look like: its bytes, and which blocks hold data. Written so plainly that it can only be right. One thread.
/// </summary>
public sealed class ModelVolume(int sizeBytes)
{
    private const int BlockBytes = 4096;
    private readonly byte[] bytes = new byte[sizeBytes];

    /// <summary>Size of the volume.</summary>
    public int SizeBytes => bytes.Length;

    /// <summary>The volume's bytes.</summary>
    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>Blocks that hold anything but zeros: what the engine may have mapped, since it keeps no zero blocks.</summary>
    public int MappedBlocks
    {
        get
        {
            int mapped = 0;
            for (int block = 0; block < bytes.Length / BlockBytes; block++)
                if (bytes.AsSpan(block * BlockBytes, BlockBytes).ContainsAnyExcept((byte)0)) mapped++;
            return mapped;
        }
    }

    /// <summary>Writes a range.</summary>
    public void Write(int offsetBytes, ReadOnlySpan<byte> source) => source.CopyTo(bytes.AsSpan(offsetBytes));

    /// <summary>Makes a range read as zeros.</summary>
    public void Unmap(int offsetBytes, int lengthBytes) => bytes.AsSpan(offsetBytes, lengthBytes).Clear();

    /// <summary>A copy of now.</summary>
    public byte[] Snapshot() => [.. bytes];
}
