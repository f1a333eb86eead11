using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// What stands for a block's content: 64 bits of SHA-256 over a secret of the pool and the block, and its CRC32C. Nobody who does not know the pool id can make two blocks
/// that meet, and a block that is read is checked against the segment's CRC32C besides.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct ContentKey(ulong Hash, uint Crc)
{
    /// <summary>The key of a block.</summary>
    public static ContentKey Of(ReadOnlySpan<byte> salted, uint crc)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(salted, hash);
        return new(BinaryPrimitives.ReadUInt64LittleEndian(hash), crc);
    }
}

/// <summary>A window that is kept by content: what its blocks are, and in which slot of references that is written.</summary>
internal sealed record ContentReference(ContentKey[] Blocks, ushort Valid, int Slot);

/// <summary>
/// Blocks by content, and the windows that consist of them. About 24 bytes of memory for a block and 300 for a window, on top of the table's. Owned by the slots; used under
/// their lock.
/// </summary>
internal sealed class ContentIndex
{
    private readonly Dictionary<ContentKey, int> _places = [];
    private readonly Dictionary<int, ContentKey[]> _slots = [];
    private readonly Dictionary<ulong, ContentReference> _references = [];
    private readonly Dictionary<int, List<ulong>> _pages = [];

    /// <summary>Distinct blocks.</summary>
    public int Blocks => _places.Count;

    /// <summary>Windows.</summary>
    public int References => _references.Count;

    /// <summary>Bytes of memory, about.</summary>
    public long MemoryBytes => 44L * _places.Count + 300L * _references.Count;

    /// <summary>Where a block is, as slot * 16 + index in it; -1 = not there.</summary>
    public int Find(ContentKey key) => _places.GetValueOrDefault(key, -1);

    /// <summary>What a window consists of; null = it is not kept by content.</summary>
    public ContentReference? FindReference(ulong key) => _references.GetValueOrDefault(key);

    /// <summary>A block was written to an index of a slot.</summary>
    public void Add(ContentKey key, int slot, int index)
    {
        if (!_places.TryAdd(key, slot * CacheWindow.Blocks + index))
            return;
        if (!_slots.TryGetValue(slot, out ContentKey[]? keys))
            _slots.Add(slot, keys = new ContentKey[CacheWindow.Blocks]);
        keys[index] = key;
    }

    /// <summary>A window's reference was written to a slot of references.</summary>
    public void AddReference(ulong key, ContentReference reference)
    {
        _references[key] = reference;
        if (!_pages.TryGetValue(reference.Slot, out List<ulong>? keys))
            _pages.Add(reference.Slot, keys = []);
        keys.Add(key);
    }

    /// <summary>The windows whose references are in a slot.</summary>
    public IEnumerable<ulong> WindowsOf(int slot) => _pages.GetValueOrDefault(slot) ?? [];

    /// <summary>A window is forgotten; true where it was there.</summary>
    public bool RemoveReference(ulong key) => _references.Remove(key);

    /// <summary>A slot is given to something else: what it held is not there any more.</summary>
    public void RemoveSlot(int slot)
    {
        if (_slots.Remove(slot, out ContentKey[]? keys))
            foreach (ContentKey key in keys)
                if (_places.TryGetValue(key, out int place) && place / CacheWindow.Blocks == slot)
                    _places.Remove(key);
        if (_pages.Remove(slot, out List<ulong>? windows))
            foreach (ulong window in windows)
                if (_references.TryGetValue(window, out ContentReference? reference) && reference.Slot == slot)
                    _references.Remove(window);
    }
}

/// <summary>Makes keys of blocks: the pool's id, then the block. Not thread-safe.</summary>
internal sealed class ContentHasher
{
    private const int SaltBytes = 16;
    private readonly byte[] _salted = new byte[SaltBytes + 4096];

    public ContentHasher(Guid poolId) => poolId.TryWriteBytes(_salted, bigEndian: true, out _);

    /// <summary>The key of a block.</summary>
    public ContentKey Key(ReadOnlySpan<byte> block)
    {
        block.CopyTo(_salted.AsSpan(SaltBytes));
        return ContentKey.Of(_salted, Crc32C.Compute(block));
    }
}
