using Lunaria.Volumes.Check;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Journal;

/// <summary>
/// Reads a journal from a checkpoint to its end. A frame that is not whole ends it only where nothing can have been behind it: frames are appended one
/// at a time and flushed, so a whole frame behind a broken one proves damage. Used once, while the journal opens.
/// </summary>
internal sealed class JournalReplay(IDisk disk, string directory, Guid poolId)
{
    private const int Rereads = 2;
    private byte[] buffer = new byte[1 << 20];

    /// <summary>The number of the frame behind the last.</summary>
    public ulong NextSequence { get; private set; }

    /// <summary>Number and length of the frames that were given to the visitor.</summary>
    public Queue<(ulong Sequence, int Bytes)> Frames { get; } = new();

    /// <summary>Gives all publishes from a number on to the visitor, in order.</summary>
    /// <exception cref="JournalDamagedException">See <see cref="MapJournal.OpenAsync"/>.</exception>
    public async ValueTask RunAsync(List<ulong> files, ulong fromSequence, Func<PublishFrame, ValueTask> visitor)
    {
        int start = files.FindLastIndex(first => first <= fromSequence);
        if (start < 0 && (files.Count > 0 || fromSequence > 1))
            throw Damaged(CheckKinds.JournalFrameMissing, $"frame {fromSequence} is missing: there is no file that begins at or before it");
        NextSequence = start < 0 ? fromSequence : files[start];
        for (int i = Math.Max(start, 0); i < files.Count; i++)
        {
            if (files[i] != NextSequence)
                throw Damaged(CheckKinds.JournalFrameMissing, $"frames {NextSequence} to {files[i] - 1} are missing before file {JournalFiles.Path(directory, files[i])}");
            await ReadFileAsync(JournalFiles.Path(directory, files[i]), fromSequence, visitor);
        }
        if (NextSequence < fromSequence)
            throw Damaged(CheckKinds.JournalFrameMissing, $"frames {NextSequence} to {fromSequence - 1} are missing, which map.db contains");
    }

    /// <summary>Gives the bytes of all frames from a number up to, and without, another one, all of which are durable, while more are appended.</summary>
    /// <exception cref="JournalDamagedException">One of them is damaged or missing.</exception>
    public async ValueTask CopyAsync(IReadOnlyList<ulong> files, ulong fromSequence, ulong endSequence, Func<FrameHeader, ReadOnlyMemory<byte>, ValueTask> visitor)
    {
        NextSequence = fromSequence;
        foreach (ulong first in files.Where((first, i) => first < endSequence && (i + 1 == files.Count || files[i + 1] > fromSequence)))
        {
            string path = JournalFiles.Path(directory, first);
            using IDiskFile file = disk.Open(path, create: false);
            long position = 0;
            while (NextSequence < endSequence && await ReadFrameAgainAsync(file, path, position) is { } header)
            {
                position += header.FrameBytes;
                if (header.Sequence < NextSequence)
                    continue;
                if (header.Sequence > NextSequence)
                    break;
                await visitor(header, buffer.AsMemory(0, header.FrameBytes));
                NextSequence++;
            }
        }
        if (NextSequence < endSequence)
            throw Damaged(CheckKinds.JournalFrameMissing, $"frame {NextSequence} is missing, or damaged");
    }

    private async ValueTask ReadFileAsync(string path, ulong fromSequence, Func<PublishFrame, ValueTask> visitor)
    {
        using IDiskFile file = disk.Open(path, create: false);
        await file.FlushAsync();
        long position = 0;
        while (await ReadFrameAgainAsync(file, path, position) is { } header)
        {
            if (header.Sequence != NextSequence)
                throw Damaged(CheckKinds.JournalFrameMissing, $"{path} has frame {header.Sequence} at byte {position}, where {NextSequence} has to be");
            if (header.Sequence >= fromSequence)
            {
                PublishFrame publish = FrameCodec.TryParse(buffer.AsSpan(0, header.FrameBytes), header) ?? throw Damaged(
                    CheckKinds.JournalFrameDamaged, $"{path} has at byte {position} a frame of version {header.Version}, type {header.Type}, that this version does not know");
                await visitor(publish);
                Frames.Enqueue((header.Sequence, header.FrameBytes));
            }
            NextSequence++;
            position += header.FrameBytes;
        }
        for (long later = position + FrameCodec.AlignBytes; later < file.LengthBytes; later += FrameCodec.AlignBytes)
        {
            if (await ReadFrameAsync(file, path, later) is { } header && header.Sequence > NextSequence)
                throw Damaged(CheckKinds.JournalFrameDamaged, $"frame {NextSequence} in {path} at byte {position} is broken, but frame {header.Sequence} behind it is whole");
        }
    }

    /// <summary>As the other; what is none is read again, since a bit may have flipped on the way.</summary>
    private async ValueTask<FrameHeader?> ReadFrameAgainAsync(IDiskFile file, string path, long position)
    {
        FrameHeader? header = null;
        for (int attempt = 0; attempt <= Rereads && header is null; attempt++)
            header = await ReadFrameAsync(file, path, position);
        return header;
    }

    /// <summary>Reads a whole frame into the buffer; null where there is none.</summary>
    private async ValueTask<FrameHeader?> ReadFrameAsync(IDiskFile file, string path, long position)
    {
        if (position + FrameCodec.AlignBytes > file.LengthBytes)
            return null;
        await file.ReadAsync(position, buffer.AsMemory(0, FrameCodec.AlignBytes));
        if (!FrameCodec.TryReadHeader(buffer, out FrameHeader header) || header.FrameBytes > file.LengthBytes - position)
            return null;
        if (header.FrameBytes > buffer.Length)
            buffer = new byte[header.FrameBytes];
        await file.ReadAsync(position, buffer.AsMemory(0, header.FrameBytes));
        if (!FrameCodec.IsIntact(buffer.AsSpan(0, header.FrameBytes)))
            return null;
        return header.PoolId == poolId
            ? header
            : throw Damaged(CheckKinds.JournalForeign, $"{path} belongs to pool {header.PoolId}, not to {poolId}");
    }

    private JournalDamagedException Damaged(string kind, string problem) =>
        new(kind, $"The map journal in '{directory}' is damaged: {problem}. Nothing was changed. Restore the directory from a copy of the same moment as map.db.");
}
