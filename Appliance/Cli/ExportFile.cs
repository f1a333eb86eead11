using Lunaria.Volumes.Transfer;

namespace Lunaria.Appliance.Cli;

/// <summary>A file that <c>lunaria volume export</c> writes and <c>import</c> reads. Stateless.</summary>
internal static class ExportFile
{
    /// <summary>
    /// Reads a file as far as its hashes are right: where the last whole chunk ends in the volume and in the file, and whether it was the last of all. InvalidDataException
    /// where the file is no export.
    /// </summary>
    public static (TransferPosition Position, long FileBytes, bool IsWhole) Scan(Stream file)
    {
        var buffer = new byte[ExportChunk.Bytes + ExportChunk.MaxDataBytes];
        if (file.ReadAtLeast(buffer.AsSpan(0, ExportHeader.Bytes), ExportHeader.Bytes, throwOnEndOfStream: false) < ExportHeader.Bytes)
            throw new InvalidDataException("This is no export of a volume: it is too short.");
        ExportHeader.Decode(buffer);
        var chain = ExportHeader.ChainOf(buffer);
        long offset = 0, length = ExportHeader.Bytes;
        while (TryRead(file, buffer, out var chunk) && ExportChunk.TryVerify(buffer.AsSpan(0, ExportChunk.Bytes), buffer.AsSpan(ExportChunk.Bytes, chunk.PayloadBytes), chain))
        {
            length += ExportChunk.Bytes + chunk.PayloadBytes;
            if (chunk.Kind == ExportChunkKind.End)
                return (Position(offset), length, true);
            offset = chunk.EndBytes;
        }

        return (Position(offset), length, false);

        TransferPosition Position(long at) => new(at, Convert.ToHexStringLower(chain));
    }

    /// <summary>Puts a file to the first chunk at or behind an offset of the volume.</summary>
    public static void Seek(Stream file, long offsetBytes)
    {
        var head = new byte[ExportChunk.Bytes];
        file.Position = ExportHeader.Bytes;
        while (true)
        {
            file.ReadExactly(head);
            var chunk = ExportChunk.Decode(head);
            if (chunk.OffsetBytes >= offsetBytes)
                break;
            file.Position += chunk.PayloadBytes;
        }

        file.Position -= ExportChunk.Bytes;
    }

    private static bool TryRead(Stream file, byte[] buffer, out ExportChunk chunk)
    {
        chunk = default;
        try
        {
            file.ReadExactly(buffer.AsSpan(0, ExportChunk.Bytes));
            chunk = ExportChunk.Decode(buffer);
            file.ReadExactly(buffer.AsSpan(ExportChunk.Bytes, chunk.PayloadBytes));
            return true;
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException)
        {
            return false;
        }
    }
}
