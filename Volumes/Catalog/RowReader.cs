using System.Buffers.Binary;
using System.Text;
using Lunaria.Volumes.Metadata;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Catalog;

/// <summary>Puts pieces of rows into a SQLite file. Owned by one restore; one thread.</summary>
internal sealed class RowReader(SqliteConnection connection) : IDisposable
{
    private RowTable? table;
    private SqliteStatement? put, delete;

    /// <summary>Applies a piece; in the caller's transaction.</summary>
    /// <exception cref="InvalidDataException">It is not what <see cref="RowWriter"/> writes.</exception>
    public void Apply(ReadOnlySpan<byte> piece)
    {
        try
        {
            while (piece.Length > 0)
                ApplyEntry(ref piece);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new InvalidDataException("An object of the catalog has rows that end too early, though its checksum is right. Use the program that wrote it.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        put?.Dispose();
        delete?.Dispose();
    }

    private void ApplyEntry(ref ReadOnlySpan<byte> piece)
    {
        switch ((RowEntry)Take(ref piece, 1)[0])
        {
            case RowEntry.Table:
                Begin(ref piece);
                break;
            case RowEntry.Put:
                put!.Run(Values(ref piece, table!.Columns.Count));
                break;
            case RowEntry.Delete:
                delete!.Run(Values(ref piece, table!.KeyColumns));
                break;
            case RowEntry.Statement:
                SqliteFile.Execute(connection, Text(ref piece));
                break;
            case RowEntry.Clear:
                SqliteFile.Execute(connection, $"DELETE FROM {RowTable.Quote(table!.Name)}");
                break;
            case var unknown:
                throw new InvalidDataException($"An object of the catalog has an entry of kind {(int)unknown}, which this program does not know. Use the program that wrote it.");
        }
    }

    private void Begin(ref ReadOnlySpan<byte> piece)
    {
        string name = Text(ref piece);
        int keys = checked((int)Number(ref piece)), count = checked((int)Number(ref piece));
        List<string> columns = [];
        for (int i = 0; i < count; i++)
            columns.Add(Text(ref piece));
        if (table is not null && table.Name == name && table.Columns.SequenceEqual(columns))
            return;
        Dispose();
        table = new(name, columns, keys);
        put = new(connection, $"INSERT OR REPLACE INTO {RowTable.Quote(name)} ({table.ColumnList}) VALUES ({string.Join(", ", columns.Select((_, i) => $"${i + 1}"))})", count);
        delete = keys == 0 ? null : new(
            connection, $"DELETE FROM {RowTable.Quote(name)} WHERE {string.Join(" AND ", columns.Take(keys).Select((column, i) => $"{RowTable.Quote(column)}=${i + 1}"))}", keys);
    }

    private static object?[] Values(ref ReadOnlySpan<byte> piece, int count)
    {
        object?[] values = new object?[count];
        for (int i = 0; i < count; i++)
            values[i] = Take(ref piece, 1)[0] switch
            {
                1 => Number(ref piece),
                2 => BitConverter.Int64BitsToDouble(Number(ref piece)),
                3 => Text(ref piece),
                4 => Take(ref piece, checked((int)Number(ref piece))).ToArray(),
                _ => null,
            };
        return values;
    }

    private static string Text(ref ReadOnlySpan<byte> piece) => Encoding.UTF8.GetString(Take(ref piece, checked((int)Number(ref piece))));

    private static long Number(ref ReadOnlySpan<byte> piece) => BinaryPrimitives.ReadInt64LittleEndian(Take(ref piece, 8));

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> piece, int count)
    {
        ReadOnlySpan<byte> taken = piece[..count];
        piece = piece[count..];
        return taken;
    }
}
