namespace Lunaria.Volumes.Transfer;

/// <summary>
/// Writes the chunks of an exported stream into a volume, each after its hash was found right. Made for one stream; one call.
/// <paramref name="remember"/> is called when all up to a position is durable.
/// </summary>
internal sealed class VolumeImporter(Volume volume, Stream input, TransferPosition from, Func<TransferPosition, ValueTask> remember)
{
    private const long BytesBetweenMarks = 64L << 20;
    private const int MaxAttempts = 20;

    private readonly byte[] _chain = Convert.FromHexString(from.Hash);
    private readonly byte[] _buffer = new byte[ExportChunk.Bytes + ExportChunk.MaxDataBytes];

    /// <summary>Complete = all is durable, and the whole stream was right. What was taken before a failure stays, and <paramref name="remember"/> knows how far.</summary>
    /// <exception cref="InvalidDataException">The stream is damaged, or another one.</exception>
    /// <exception cref="IOException">It ends too early, or the volume cannot be written.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        long at = from.OffsetBytes, unmarked = 0;
        try
        {
            while (true)
            {
                ExportChunk chunk = await ReadAsync(at, cancellation);
                if (chunk.Kind == ExportChunkKind.End)
                    break;
                await TakeAsync(chunk);
                at = chunk.EndBytes;
                unmarked += chunk.PayloadBytes;
                if (unmarked < BytesBetweenMarks)
                    continue;
                await MarkAsync(at);
                unmarked = 0;
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException or OperationCanceledException)
        {
            await MarkAsync(at);
            throw;
        }
        await FlushAsync();
    }

    private async ValueTask<ExportChunk> ReadAsync(long at, CancellationToken cancellation)
    {
        ExportChunk chunk;
        try
        {
            await input.ReadExactlyAsync(_buffer.AsMemory(0, ExportChunk.Bytes), cancellation);
            chunk = ExportChunk.Decode(_buffer);
            await input.ReadExactlyAsync(_buffer.AsMemory(ExportChunk.Bytes, chunk.PayloadBytes), cancellation);
        }
        catch (EndOfStreamException e)
        {
            throw new IOException($"The export ends at {at} of {volume.SizeBytes} bytes, before its end. Go on with the rest of it.", e);
        }
        if (chunk.OffsetBytes < at || chunk.EndBytes > volume.SizeBytes || !ExportChunk.TryVerify(_buffer.AsSpan(0, ExportChunk.Bytes), _buffer.AsSpan(ExportChunk.Bytes, chunk.PayloadBytes), _chain))
            throw new InvalidDataException($"The export is damaged behind {at} bytes, or is not the one that was begun: its hash is wrong. Nothing of that was taken.");
        return chunk;
    }

    private async ValueTask TakeAsync(ExportChunk chunk)
    {
        for (int attempt = 0; ; attempt++)
        {
            VolumeStatus status = chunk.Kind == ExportChunkKind.Zeros
                ? await volume.UnmapAsync(chunk.OffsetBytes, chunk.LengthBytes)
                : await volume.WriteAsync(chunk.OffsetBytes, _buffer.AsMemory(ExportChunk.Bytes, chunk.PayloadBytes), durable: false);
            if (status == VolumeStatus.Ok)
                return;
            // A log that is full is so until the store has taken some of it.
            if (status != VolumeStatus.Unavailable || attempt == MaxAttempts)
                throw new IOException($"Volume '{volume.Name}' cannot be written at {chunk.OffsetBytes} ({status}). Look at the appliance's health, then go on from there.");
        }
    }

    private async ValueTask MarkAsync(long at)
    {
        await FlushAsync();
        await remember(new(at, Convert.ToHexStringLower(_chain)));
    }

    private async ValueTask FlushAsync()
    {
        if (await volume.FlushAsync() is var status and not VolumeStatus.Ok)
            throw new IOException($"Volume '{volume.Name}' could not be made durable ({status}).");
    }
}
