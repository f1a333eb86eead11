using Lunaria.Volumes.Access;

namespace Lunaria.Volumes.Transfer;

/// <summary>
/// Writes what a snapshot holds, or what differs from an older one, as a stream in ascending order. Both are open views, all in the object store. Made for one stream; one call.
/// </summary>
internal sealed class VolumeExporter(Volume view, Volume? since, Stream output, byte[] chain)
{
    private const int WindowBlocks = 4096, RunsPerLookup = 64, MaxDataBlocks = ExportChunk.MaxDataBytes / BlockGeometry.BlockBytes;

    private readonly BlockRun[] _now = new BlockRun[WindowBlocks], _then = new BlockRun[WindowBlocks], _runs = new BlockRun[RunsPerLookup];
    private readonly uint[] _crcs = new uint[WindowBlocks];
    private readonly byte[] _buffer = new byte[ExportChunk.Bytes + ExportChunk.MaxDataBytes];
    private (long Start, long Length) _zeros;

    /// <summary>Writes the chunks from an offset on, and the end.</summary>
    /// <exception cref="IOException">The snapshot cannot be read.</exception>
    public async Task RunAsync(long fromBytes, CancellationToken cancellation)
    {
        long sizeBlocks = view.SizeBytes >> BlockGeometry.BlockShift;
        for (long start = fromBytes >> BlockGeometry.BlockShift; start < sizeBlocks; start += WindowBlocks)
        {
            int length = (int)Math.Min(WindowBlocks, sizeBlocks - start);
            bool any = await ResolveAsync(view, start, length, _now);
            any |= since is not null && await ResolveAsync(since, start, length, _then);
            if (any)
                await WriteWindowAsync(start, length, cancellation);
        }
        await WriteZerosAsync(cancellation);
        await WriteAsync(new(ExportChunkKind.End, view.SizeBytes, 0), cancellation);
        await output.FlushAsync(cancellation);
    }

    private async ValueTask WriteWindowAsync(long start, int length, CancellationToken cancellation)
    {
        for (int at = 0; at < length;)
        {
            BlockRun now = _now[at];
            bool isHole = now.Place == BlockPlace.Hole;
            if (since is null ? isHole : now == _then[at])
            {
                at++;
                continue;
            }
            int end = at + 1;
            while (end < length && (isHole || end - at < MaxDataBlocks) && (_now[end].Place == BlockPlace.Hole) == isHole && (since is null || _now[end] != _then[end]))
                end++;
            if (!isHole)
                await WriteDataAsync(start + at, end - at, cancellation);
            else if (_zeros.Start + _zeros.Length == start + at)
                _zeros.Length += end - at;
            else
            {
                await WriteZerosAsync(cancellation);
                _zeros = (start + at, end - at);
            }
            at = end;
        }
    }

    private async ValueTask WriteDataAsync(long block, int lengthBlocks, CancellationToken cancellation)
    {
        await WriteZerosAsync(cancellation);
        ExportChunk chunk = new(ExportChunkKind.Data, block << BlockGeometry.BlockShift, (long)lengthBlocks << BlockGeometry.BlockShift);
        VolumeStatus status = await view.ReadAsync(chunk.OffsetBytes, _buffer.AsMemory(ExportChunk.Bytes, chunk.PayloadBytes));
        if (status != VolumeStatus.Ok)
            throw new IOException($"Snapshot '{view.Name}' cannot be read at {chunk.OffsetBytes} ({status}). Look at the appliance's health, then go on from there.");
        await WriteAsync(chunk, cancellation);
    }

    private async ValueTask WriteZerosAsync(CancellationToken cancellation)
    {
        if (_zeros.Length > 0)
            await WriteAsync(new(ExportChunkKind.Zeros, _zeros.Start << BlockGeometry.BlockShift, _zeros.Length << BlockGeometry.BlockShift), cancellation);
        _zeros = default;
    }

    private ValueTask WriteAsync(ExportChunk chunk, CancellationToken cancellation)
    {
        chunk.Encode(_buffer, _buffer.AsSpan(ExportChunk.Bytes, chunk.PayloadBytes), chain);
        return output.WriteAsync(_buffer.AsMemory(0, ExportChunk.Bytes + chunk.PayloadBytes), cancellation);
    }

    /// <summary>One entry per block, holes behind the end; false = all are holes.</summary>
    private async ValueTask<bool> ResolveAsync(Volume volume, long start, int length, BlockRun[] blocks)
    {
        int done = 0, inside = (int)Math.Clamp((volume.SizeBytes >> BlockGeometry.BlockShift) - start, 0, length);
        bool any = false;
        while (done < inside)
        {
            (VolumeStatus status, int count) = await volume.Line.Reader.ResolveAsync((ulong)(start + done), inside - done, _runs, _crcs);
            if (status != VolumeStatus.Ok)
                throw new IOException($"The map of snapshot '{volume.Name}' cannot be read ({status}). Look at the appliance's health.");
            foreach (BlockRun run in _runs.AsSpan(0, count))
            {
                bool isHole = run.Place == BlockPlace.Hole;
                any |= !isHole;
                for (int i = 0; i < run.LengthBlocks; i++)
                    blocks[done + i] = isHole ? default : run.Skip(i) with { LengthBlocks = 1 };
                done += run.LengthBlocks;
            }
        }
        Array.Clear(blocks, done, length - done);
        return any;
    }
}
