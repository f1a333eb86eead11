using Lunaria.Volumes.Io;
using Lunaria.Volumes.Journal;

namespace Lunaria.Volumes.Catalog;

/// <summary>Puts the frames of a catalog in front of what the journal has, so that the journal begins where the rebuilt map needs it to. Owned by one recovery.</summary>
internal sealed class JournalRestore(IDisk data, string directory, Guid poolId)
{
    private const string Unfinished = "restored.unfinished";
    private byte[] held = [];

    /// <summary>False = the journal had nothing: what was published behind the catalog is not known.</summary>
    /// <exception cref="InvalidDataException">Frames between the catalog and the journal are missing.</exception>
    public async Task<bool> RunAsync(CatalogFiles files, CancellationToken cancellation)
    {
        CatalogManifest manifest = files.Manifest;
        List<ulong> there = JournalFiles.List(data, directory);
        if (there.Count > 0)
            await CheckNotOlderAsync(there, manifest);
        ulong first = manifest.Frames.Select(entry => entry.FirstSequence).FirstOrDefault(manifest.JournalEnd);
        if (there.Count > 0 && there[0] <= first)
            return true;
        if (there.Count > 0 && there[0] > manifest.JournalEnd)
            throw new InvalidDataException(
                $"The map journal in '{directory}' begins with frame {there[0]}, the store's catalog ends before frame {manifest.JournalEnd}: those between are lost. Move the journal and the write log away to begin with what the catalog has.");
        ulong end = there.Count > 0 ? there[0] : manifest.JournalEnd;
        string unfinished = $"{directory}/{Unfinished}";
        using (IDiskFile file = data.Open(unfinished, create: true))
        {
            file.SetLength(0);
            long length = 0;
            await foreach (ReadOnlyMemory<byte> piece in files.ReadFramesAsync(cancellation))
                length += Write(file, length, piece, end);
            await file.FlushAsync();
        }
        data.Rename(unfinished, JournalFiles.Path(directory, first));
        await data.FlushDirectoryAsync(directory);
        return there.Count > 0;
    }

    /// <summary>Frames are durable here before the catalog has them: where it has more, somebody else has used the store since.</summary>
    private async Task CheckNotOlderAsync(List<ulong> there, CatalogManifest manifest)
    {
        JournalReplay journal = new(data, directory, poolId);
        await journal.RunAsync(there, there[^1], static _ => default);
        if (journal.NextSequence < manifest.JournalEnd)
            throw CatalogRecovery.Older(manifest, journal.NextSequence);
    }

    /// <summary>Writes the whole frames of a piece that are before an end; the rest of it waits for the next piece.</summary>
    private int Write(IDiskFile file, long offsetBytes, ReadOnlyMemory<byte> piece, ulong end)
    {
        byte[] all = [.. held, .. piece.Span];
        int taken = 0, written = 0;
        while (all.Length - taken >= FrameCodec.HeaderBytes)
        {
            if (!FrameCodec.TryReadHeader(all.AsSpan(taken), out FrameHeader header))
                throw new InvalidDataException("The store's catalog has frames of the map journal that are none, though their checksum is right. Use the program that wrote them.");
            if (header.FrameBytes > all.Length - taken)
                break;
            if (header.Sequence < end)
            {
                file.Write(offsetBytes + written, all.AsSpan(taken, header.FrameBytes));
                written += header.FrameBytes;
            }
            taken += header.FrameBytes;
        }
        held = all[taken..];
        return written;
    }
}
