using Lunaria.Volumes.Io;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Cache;

/// <summary>What a window is, for ever: its key, and the line and sequence of its segment.</summary>
internal readonly record struct WindowIdentity(ulong Key, Guid Line, ulong Sequence);

/// <summary>
/// Content of a window to be taken in: whole blocks, which of them are right, their checksums, and which ones somebody is reading. Bytes belong to the caller.
/// </summary>
internal readonly ref struct WindowContent(ReadOnlySpan<byte> bytes, ushort valid, ushort touched, ReadOnlySpan<uint> crcs)
{
    public readonly ReadOnlySpan<byte> Bytes = bytes;
    public readonly ReadOnlySpan<uint> Crcs = crcs;
    public readonly ushort Valid = valid, Touched = touched;
}

/// <summary>
/// Puts windows into slots: first the bytes, then the record, then it can be found. One at a time; never on the way of a host's I/O. Owned by the cache; thread-safe.
/// </summary>
internal sealed class CacheAdmission(CacheSlots slots, CacheFailures failures, Guid poolId)
{
    private readonly Lock _lock = new();
    private readonly List<int> _proved = [];
    private readonly byte[] _record = new byte[CacheRecord.Bytes];
    private readonly ContentWriter _content = new(slots, poolId);
    private readonly HashSet<Guid> _erased = [];
    private ulong _admission;

    /// <summary>Nothing of a line is taken in from now on, also of what is on its way; when this returns, no bytes of whatever line are being written.</summary>
    public void Exclude(Guid line)
    {
        lock (_lock)
            _erased.Add(line);
    }

    /// <summary>Admissions go on behind this number.</summary>
    public void ContinueAfter(ulong admission)
    {
        lock (_lock)
            _admission = Math.Max(_admission, admission);
    }

    /// <summary>Takes a window in, as its volume wants it kept; nothing where it is there, or no slot can be had.</summary>
    public void Admit(CacheClient client, in WindowIdentity window, in WindowContent content)
    {
        lock (_lock)
        {
            if (_erased.Contains(window.Line) || slots.Contains(window.Key, content.Crcs.Length))
                return;
            CacheDevice? device = null;
            try
            {
                if (client.Policy.Mode == CacheMode.Content)
                    AdmitByContent(client, in window, in content, ref device);
                else if (Write(client, content.Bytes, ref device) is >= 0 and int slot)
                    Insert(client, slot, device!, in window, content.Valid, content.Touched, content.Crcs);
                WriteHints(ref device);
            }
            catch (IOException e) when (device is not null)
            {
                failures.Fail(device, e);
            }
        }
    }

    /// <summary>Writes bytes of a window whose segment is not published yet to where nobody can find them as that window.</summary>
    public StagedWindow Stage(CacheClient client, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            CacheDevice? device = null;
            try
            {
                StagedWindow staged = client.Policy.Mode == CacheMode.Content
                    ? new(-1, WriteContent(client, bytes, ushort.MaxValue, ref device))
                    : new(Write(client, bytes, ref device), null);
                WriteHints(ref device);
                return staged;
            }
            catch (IOException e) when (device is not null)
            {
                failures.Fail(device, e);
                return new(-1, null);
            }
        }
    }

    /// <summary>The segment of a staged window is published.</summary>
    public void Commit(CacheClient client, in StagedWindow staged, in WindowIdentity window, ushort valid, ReadOnlySpan<uint> crcs)
    {
        lock (_lock)
        {
            CacheDevice? device = staged.Slot < 0 ? null : slots.DeviceOf(staged.Slot);
            try
            {
                if (staged.Keys is not null)
                    _content.WriteReference(client, in window, staged.Keys, valid, ref _admission, _proved, ref device);
                else if (device is not null)
                    Insert(client, staged.Slot, device, in window, valid, 0, crcs);
                WriteHints(ref device);
            }
            catch (IOException e) when (device is not null)
            {
                failures.Fail(device, e);
            }
        }
    }

    private int Write(CacheClient client, ReadOnlySpan<byte> bytes, ref CacheDevice? device)
    {
        int slot = slots.Take(client, _proved);
        device = slot < 0 ? null : slots.DeviceOf(slot);
        if (device is null)
            return -1;
        device.Write(slot, 0, bytes);
        return slot;
    }

    private void Insert(
        CacheClient client, int slot, CacheDevice device, in WindowIdentity window, ushort valid, ushort touched, ReadOnlySpan<uint> crcs)
    {
        new CacheRecord(
            SlotKind.Window, CacheWindow.Segment(window.Key).Value, CacheWindow.Index(window.Key), window.Sequence, window.Line, client.Id, ++_admission, valid, crcs.ToArray(), [])
            .Write(_record);
        device.WriteRecord(slot, _record);
        bool isProved = false;
        if (slots.Insert(client, slot, window.Key, valid, touched, ref isProved))
            device.WriteHint(slot, isProved);
    }

    private void AdmitByContent(CacheClient client, in WindowIdentity window, in WindowContent content, ref CacheDevice? device)
    {
        if (WriteContent(client, content.Bytes, content.Valid, ref device) is { } keys && slots.FindReference(window.Key) is null)
            _content.WriteReference(client, in window, keys, content.Valid, ref _admission, _proved, ref device);
    }

    /// <summary>Writes those of the blocks that are nowhere yet; null = there was no slot for one.</summary>
    private ContentKey[]? WriteContent(CacheClient client, ReadOnlySpan<byte> bytes, ushort valid, ref CacheDevice? device)
    {
        var keys = new ContentKey[CacheWindow.Blocks];
        for (int i = 0; i < bytes.Length / SegmentHeader.BlockBytes; i++)
        {
            ReadOnlySpan<byte> block = bytes.Slice(i * SegmentHeader.BlockBytes, SegmentHeader.BlockBytes);
            if ((valid & CacheWindow.Mask(i, 1)) == 0)
                continue;
            keys[i] = _content.Key(block);
            if (slots.FindContent(keys[i]) < 0 && !_content.TryWrite(client, keys[i], block, ref _admission, _proved, ref device))
                return null;
        }
        return keys;
    }

    private void WriteHints(ref CacheDevice? device)
    {
        foreach (int slot in _proved)
            if ((device = slots.DeviceOf(slot)) is not null)
                device.WriteHint(slot, true);
        _proved.Clear();
    }
}
