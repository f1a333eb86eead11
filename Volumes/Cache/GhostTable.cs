using System.Numerics;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// Windows that left the small queue not long ago: one that comes back was worth more than probation. Holds fingerprints and the time of leaving, counted in leavings;
/// what is older than the capacity does not count. 8 bytes an entry. Owned by the cache and used under its lock.
/// </summary>
internal sealed class GhostTable
{
    private const int Ways = 4;
    private readonly (uint Fingerprint, uint Time)[] _entries;
    private readonly uint _capacity;
    private uint _now = 1;

    /// <summary>Remembers about <paramref name="capacity"/> windows.</summary>
    public GhostTable(int capacity)
    {
        _capacity = (uint)Math.Max(capacity, Ways);
        _entries = new (uint, uint)[BitOperations.RoundUpToPowerOf2(_capacity)];
    }

    /// <summary>Bytes of memory that it takes.</summary>
    public long MemoryBytes => 8L * _entries.Length;

    /// <summary>A window leaves.</summary>
    public void Add(ulong key)
    {
        Span<(uint Fingerprint, uint Time)> ways = Find(key, out uint fingerprint);
        int victim = 0;
        for (int i = 0; i < Ways; i++)
        {
            if (ways[i].Fingerprint == fingerprint)
            {
                victim = i;
                break;
            }
            if (_now - ways[i].Time > _now - ways[victim].Time)
                victim = i;
        }
        ways[victim] = (fingerprint, _now++);
    }

    /// <summary>True where the window left not long ago; it is forgotten by that.</summary>
    public bool Take(ulong key)
    {
        foreach (ref (uint Fingerprint, uint Time) way in Find(key, out uint fingerprint))
            if (way.Fingerprint == fingerprint)
            {
                bool isRecent = _now - way.Time <= _capacity;
                way = default;
                return isRecent;
            }
        return false;
    }

    private Span<(uint Fingerprint, uint Time)> Find(ulong key, out uint fingerprint)
    {
        ulong hash = key * 0xD6E8FEB86659FD93;
        hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93;
        fingerprint = (uint)hash | 1;
        return _entries.AsSpan((int)((hash >> 32) & (uint)(_entries.Length - 1)) & -Ways, Ways);
    }
}
