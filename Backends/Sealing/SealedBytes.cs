using System.Buffers;

namespace Lunaria.Backends.Sealing;

/// <summary>An object as it goes into the store, in a rented buffer that goes back when this is disposed. Owned by the put; one thread.</summary>
internal readonly struct SealedBytes : IDisposable
{
    private readonly byte[] _buffer;

    private SealedBytes(OpenedObject opened, byte[] buffer) => (Opened, _buffer) = (opened, buffer);

    /// <summary>What reads of it need.</summary>
    public OpenedObject Opened { get; }

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Stored => _buffer.AsMemory(0, (int)Opened.Header!.StoredBytes);

    /// <summary>
    /// Packs, where <paramref name="isPacking"/> and it pays, then seals with <paramref name="dataKey"/>; null key = checksums only. Null where neither is to be done, so that the object goes in as it is.
    /// </summary>
    public static SealedBytes? Make(string key, ReadOnlySpan<byte> content, DataKey? dataKey, bool isPacking)
    {
        int frameBytes = isPacking ? FramePacker.FrameBytesFor(content.Length) : 0;
        if (frameBytes > 0)
        {
            byte[] packed = ArrayPool<byte>.Shared.Rent(content.Length);
            int[] lengths = new int[(content.Length + frameBytes - 1) / frameBytes];
            try
            {
                if (FramePacker.Pack(content, frameBytes, packed, lengths) is > 0 and int total)
                    return Make(key, SealedHeader.CreatePacked(content.Length, dataKey?.Number, frameBytes, lengths), dataKey, packed.AsSpan(0, total));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(packed);
            }
        }
        // What looks like a sealed object must be one.
        return dataKey is null && !SealedHeader.IsSealed(content) ? null : Make(key, SealedHeader.Create(content.Length, dataKey?.Number), dataKey, content);
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private static SealedBytes Make(string key, SealedHeader header, DataKey? dataKey, ReadOnlySpan<byte> frames)
    {
        var opened = new OpenedObject(header, new FrameGuard(dataKey, header.Salt, key));
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)header.StoredBytes);
        opened.Seal(frames, buffer.AsSpan(0, (int)header.StoredBytes));
        return new(opened, buffer);
    }
}
