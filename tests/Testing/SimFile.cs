namespace Lunaria.Testing;

/// <summary>
/// Content of one file of a <see cref="SimDisk"/>: what the kernel shows now, and every version since the last flush of each page that was written. A page
/// array is never changed once it is stored, so copies of a file share them. Touched under the disk's lock only.
/// </summary>
internal sealed class SimFile
{
    private const int PageBytes = 4096, SectorBytes = 512;

    private readonly Dictionary<long, byte[]> _pages = [];
    private readonly Dictionary<long, UnflushedPage> _unflushed = [];
    private readonly List<(long Sequence, long LengthBytes)> _unflushedLengths = [];
    private long _durableLengthBytes, _reservedBytes;

    public long LengthBytes { get; private set; }

    /// <summary>Counts changes; a flush covers all up to the number at which it was asked for.</summary>
    public long Sequence { get; private set; }

    public long AllocatedBytes
    {
        get
        {
            long beyond = 0;
            foreach (long page in _pages.Keys)
                if (page * PageBytes >= _reservedBytes)
                    beyond += PageBytes;
            return _reservedBytes + beyond;
        }
    }

    public void Reserve(long endBytes) => _reservedBytes = Math.Max(_reservedBytes, (endBytes + PageBytes - 1) / PageBytes * PageBytes);

    /// <summary>Bytes a write would add to <see cref="AllocatedBytes"/>.</summary>
    public long NeededBytes(long offsetBytes, long lengthBytes)
    {
        long needed = 0;
        for (long page = Math.Max(offsetBytes, _reservedBytes) / PageBytes; page * PageBytes < offsetBytes + lengthBytes; page++)
            if (!_pages.ContainsKey(page))
                needed += PageBytes;
        return needed;
    }

    public void Read(long offsetBytes, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            int within = (int)(offsetBytes % PageBytes), count = Math.Min(PageBytes - within, destination.Length);
            if (_pages.TryGetValue(offsetBytes / PageBytes, out byte[]? page))
                page.AsSpan(within, count).CopyTo(destination);
            else
                destination[..count].Clear();
            offsetBytes += count;
            destination = destination[count..];
        }
    }

    public void Write(long offsetBytes, ReadOnlySpan<byte> source)
    {
        Sequence++;
        if (offsetBytes + source.Length > LengthBytes)
            ChangeLength(offsetBytes + source.Length);
        while (source.Length > 0)
        {
            int within = (int)(offsetBytes % PageBytes), count = Math.Min(PageBytes - within, source.Length);
            byte[] page = CopyOfPage(offsetBytes / PageBytes);
            source[..count].CopyTo(page.AsSpan(within));
            Replace(offsetBytes / PageBytes, page);
            offsetBytes += count;
            source = source[count..];
        }
    }

    public void Zero(long offsetBytes, long lengthBytes)
    {
        Sequence++;
        long end = offsetBytes + lengthBytes;
        foreach (long index in _pages.Keys.Where(page => (page + 1) * PageBytes > offsetBytes && page * PageBytes < end).ToArray())
        {
            int from = (int)Math.Max(0, offsetBytes - (index * PageBytes)), to = (int)Math.Min(PageBytes, end - (index * PageBytes));
            byte[] page = CopyOfPage(index);
            page.AsSpan(from..to).Clear();
            Replace(index, from == 0 && to == PageBytes ? null : page);
        }
    }

    public void SetLength(long lengthBytes)
    {
        if (lengthBytes < LengthBytes)
            Zero(lengthBytes, LengthBytes - lengthBytes);
        Sequence++;
        _reservedBytes = Math.Min(_reservedBytes, lengthBytes);
        ChangeLength(lengthBytes);
    }

    /// <summary>Changes bytes behind the back of everybody, durably: bit rot.</summary>
    public void Corrupt(long offsetBytes, ReadOnlySpan<byte> mask)
    {
        for (int i = 0; i < mask.Length; i++)
        {
            byte[] page = CopyOfPage((offsetBytes + i) / PageBytes);
            page[(offsetBytes + i) % PageBytes] ^= mask[i];
            _pages[(offsetBytes + i) / PageBytes] = page;
        }
    }

    public void Flushed(long sequence)
    {
        foreach ((long index, UnflushedPage page) in _unflushed)
        {
            int covered = page.Versions.FindLastIndex(version => version.Sequence <= sequence);
            if (covered < 0)
                continue;
            page.Durable = page.Versions[covered].Content;
            page.Versions.RemoveRange(0, covered + 1);
            if (page.Versions.Count == 0)
                _unflushed.Remove(index);
        }
        int lengths = _unflushedLengths.FindLastIndex(change => change.Sequence <= sequence);
        if (lengths < 0)
            return;
        _durableLengthBytes = _unflushedLengths[lengths].LengthBytes;
        _unflushedLengths.RemoveRange(0, lengths + 1);
    }

    /// <summary>The same file, with the same history.</summary>
    public SimFile Clone()
    {
        SimFile copy = new() { LengthBytes = LengthBytes, Sequence = Sequence, _durableLengthBytes = _durableLengthBytes, _reservedBytes = _reservedBytes };
        foreach ((long index, byte[] page) in _pages)
            copy._pages[index] = page;
        foreach ((long index, UnflushedPage page) in _unflushed)
            copy._unflushed[index] = new() { Durable = page.Durable, Versions = [.. page.Versions] };
        copy._unflushedLengths.AddRange(_unflushedLengths);
        return copy;
    }

    /// <summary>What a loss of power leaves: each unflushed sector is as of the last flush, or any later version, or torn between two.</summary>
    public SimFile PowerCut(Random random, double keepProbability)
    {
        SimFile left = new() { _reservedBytes = _reservedBytes };
        foreach ((long index, byte[] page) in _pages)
            if (!_unflushed.ContainsKey(index))
                left._pages[index] = page;
        foreach ((long index, UnflushedPage page) in _unflushed.OrderBy(pair => pair.Key))
            if (page.PowerCut(random, keepProbability) is { } content)
                left._pages[index] = content;
        int length = random.Next(_unflushedLengths.Count + 1);
        left.ChangeLength(length == 0 ? _durableLengthBytes : _unflushedLengths[length - 1].LengthBytes);
        left.Zero(left.LengthBytes, long.MaxValue / 2);
        left.Flushed(long.MaxValue);
        return left;
    }

    private byte[] CopyOfPage(long index) => _pages.TryGetValue(index, out byte[]? page) ? [.. page] : new byte[PageBytes];

    private void Replace(long index, byte[]? content)
    {
        if (!_unflushed.TryGetValue(index, out UnflushedPage? page))
            _unflushed[index] = page = new() { Durable = _pages.GetValueOrDefault(index), Versions = [] };
        page.Versions.Add((Sequence, content));
        if (content is null)
            _pages.Remove(index);
        else
            _pages[index] = content;
    }

    private void ChangeLength(long lengthBytes)
    {
        LengthBytes = lengthBytes;
        _unflushedLengths.Add((Sequence, lengthBytes));
    }

    private sealed class UnflushedPage
    {
        private static readonly byte[] Zeros = new byte[PageBytes];

        public required byte[]? Durable { get; set; }
        public required List<(long Sequence, byte[]? Content)> Versions { get; init; }

        public byte[]? PowerCut(Random random, double keepProbability)
        {
            double fate = random.NextDouble();
            if (fate < 0.8)
                return fate < 0.8 * keepProbability ? Versions[^1].Content : Durable;
            byte[] left = new byte[PageBytes];
            for (int at = 0; at < PageBytes; at += SectorBytes)
            {
                Span<byte> sector = left.AsSpan(at, SectorBytes);
                Version(random).AsSpan(at, SectorBytes).CopyTo(sector);
                if (random.Next(16) == 0)
                    Version(random).AsSpan(at, random.Next(SectorBytes)).CopyTo(sector);
            }
            return left;
        }

        private byte[] Version(Random random)
        {
            int index = random.Next(Versions.Count + 1);
            return (index == 0 ? Durable : Versions[index - 1].Content) ?? Zeros;
        }
    }
}
