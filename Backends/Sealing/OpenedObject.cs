using System.Buffers;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Sealing;

/// <summary>
/// An object whose first page is known: what it takes to read a range of it with one read of the store. One that was never sealed is read as it is. Immutable but for the tag;
/// any thread. Kept by <see cref="OpenedObjects"/>.
/// </summary>
internal sealed class OpenedObject
{
    private readonly FrameGuard? _guard;

    /// <summary>A sealed one.</summary>
    public OpenedObject(SealedHeader header, FrameGuard guard) => (Header, _guard) = (header, guard);

    /// <summary>One that is in the store as it was put.</summary>
    public OpenedObject()
    {
    }

    /// <summary>Its first page; null where it is not sealed.</summary>
    public SealedHeader? Header { get; }

    /// <summary>The tag of the object that the first page is of; null = not known.</summary>
    public string? Tag { get; init; }

    /// <summary>The same, known to be of the object with that tag.</summary>
    public OpenedObject TaggedWith(string tag) => new(Header!, _guard!) { Tag = tag };

    /// <summary>
    /// Seals an object whole: the first page, then the frames, which follow each other in <paramref name="frames"/> as the header says. <paramref name="stored"/> is as long as it says.
    /// </summary>
    public void Seal(ReadOnlySpan<byte> frames, Span<byte> stored)
    {
        SealedHeader header = Header!;
        header.Write(stored[..SealedHeader.Bytes]);
        _guard!.SealPage(stored[..SealedHeader.Bytes]);
        for (int frame = 0; frame < header.FrameCount; frame++)
        {
            int at = (int)header.Offset(frame), length = header.StoredLengthOf(frame);
            _guard.Seal(frame, frames[..length], stored.Slice(at, length), stored.Slice(at + length, header.CheckBytes));
            frames = frames[length..];
        }
    }

    /// <summary>Reads a range without waiting; false = use <see cref="ReadAsync"/>, which also says why. Allocates nothing once buffers are there.</summary>
    public bool TryRead(IObjectStore store, string key, long offsetBytes, Span<byte> destination)
    {
        if (Header is null)
            return store.TryGet(key, offsetBytes, destination);
        if (!IsInside(offsetBytes, destination.Length))
            return false;
        if (destination.Length == 0)
            return true;
        (int first, int last, int storedBytes) = Frames(offsetBytes, destination.Length);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(storedBytes);
        try
        {
            Span<byte> stored = buffer.AsSpan(0, storedBytes);
            return store.TryGet(key, Header.Offset(first), stored) && OpenFrames(first, last, stored, offsetBytes, destination) < 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads a range that is inside the object.</summary>
    /// <exception cref="ObjectStoreException">The store failed, or Damaged: a frame is not what was sealed.</exception>
    public async ValueTask ReadAsync(IObjectStore store, string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
    {
        if (Header is null)
        {
            await store.GetAsync(key, offsetBytes, destination, cancellation);
            return;
        }
        if (!IsInside(offsetBytes, destination.Length))
            throw new ObjectStoreException(ObjectStoreError.Fatal, $"{destination.Length} bytes at {offsetBytes} are not inside object '{key}' of {Header.LengthBytes} bytes.");
        if (destination.Length == 0)
            return;
        (int first, int last, int storedBytes) = Frames(offsetBytes, destination.Length);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(storedBytes);
        try
        {
            await store.GetAsync(key, Header.Offset(first), buffer.AsMemory(0, storedBytes), cancellation);
            int damaged = OpenFrames(first, last, buffer.AsSpan(0, storedBytes), offsetBytes, destination.Span);
            if (damaged >= 0)
                throw new ObjectStoreException(
                    ObjectStoreError.Damaged, $"Object '{key}' is damaged or was changed: frame {damaged} at {Header.Offset(damaged)} is not what was stored. Restore the object from a copy.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool IsInside(long offsetBytes, int lengthBytes) => offsetBytes >= 0 && offsetBytes <= Header!.LengthBytes - lengthBytes;

    private (int First, int Last, int StoredBytes) Frames(long offsetBytes, int lengthBytes)
    {
        int first = (int)(offsetBytes / Header!.FrameBytes), last = (int)((offsetBytes + lengthBytes - 1) / Header.FrameBytes);
        return (first, last, (int)(Header.Offset(last + 1) - Header.Offset(first)));
    }

    /// <summary>Opens frames in a row, into the range that is wanted of them; the number of the first that is not right, or -1.</summary>
    private int OpenFrames(int first, int last, ReadOnlySpan<byte> stored, long offsetBytes, Span<byte> destination)
    {
        SealedHeader header = Header!;
        byte[]? scratch = null;
        try
        {
            for (int frame = first; frame <= last; frame++)
            {
                int length = header.LengthOf(frame), storedBytes = header.StoredLengthOf(frame) + header.CheckBytes;
                ReadOnlySpan<byte> sealedFrame = stored[..storedBytes];
                stored = stored[storedBytes..];
                long at = (long)frame * header.FrameBytes - offsetBytes;
                if (at >= 0 && at + length <= destination.Length)
                {
                    if (!TryOpenFrame(frame, sealedFrame, destination.Slice((int)at, length)))
                        return frame;
                    continue;
                }
                scratch ??= ArrayPool<byte>.Shared.Rent(header.FrameBytes);
                if (!TryOpenFrame(frame, sealedFrame, scratch.AsSpan(0, length)))
                    return frame;
                int from = (int)Math.Max(0, -at), to = (int)Math.Min(length, destination.Length - at);
                scratch.AsSpan(from, to - from).CopyTo(destination[(int)(at + from)..]);
            }
            return -1;
        }
        finally
        {
            if (scratch is not null)
                ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    private bool TryOpenFrame(int frame, ReadOnlySpan<byte> sealedFrame, Span<byte> plain)
    {
        int length = sealedFrame.Length - Header!.CheckBytes;
        ReadOnlySpan<byte> content = sealedFrame[..length], check = sealedFrame[length..];
        if (length == plain.Length)
            return _guard!.TryOpen(frame, content, check, plain);
        byte[] packed = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            return _guard!.TryOpen(frame, content, check, packed.AsSpan(0, length)) && FramePacker.TryUnpack(packed.AsSpan(0, length), plain);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(packed);
        }
    }
}
