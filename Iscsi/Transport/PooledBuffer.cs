namespace Lunaria.Iscsi.Transport;

/// <summary>A pinned buffer of a <see cref="BufferPool"/>. One owner at a time, who gives it back exactly once.</summary>
internal sealed class PooledBuffer
{
    internal PooledBuffer(int sizeClass, int lengthBytes)
    {
        SizeClass = sizeClass;
        Array = GC.AllocateUninitializedArray<byte>(lengthBytes, pinned: true);
    }

    public byte[] Array { get; }
    internal int SizeClass { get; }
    internal bool IsRented { get; set; }
}
