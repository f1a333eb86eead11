using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Catalog;

/// <summary>What an entry of rows is. The numbers are in the objects.</summary>
internal enum RowEntry : byte
{
    /// <summary>The table that the following rows are of.</summary>
    Table = 1,
    /// <summary>A row, which replaces the one with its key.</summary>
    Put = 2,
    /// <summary>The key of a row that is gone.</summary>
    Delete = 3,
    /// <summary>A statement that makes a table, index, view or trigger.</summary>
    Statement = 4,
    /// <summary>All rows of the table are gone.</summary>
    Clear = 5,
}

/// <summary>Rows of SQLite tables as bytes (docs/FORMATS.md, "Catalog"), in pieces that each can be read by itself. Owned by one export; one thread.</summary>
internal sealed class RowWriter(int pieceBytes)
{
    private readonly ArrayBufferWriter<byte> buffer = new();
    private RowTable? table;

    /// <summary>True where the piece should be taken.</summary>
    public bool IsFull => buffer.WrittenCount >= pieceBytes;

    /// <summary>True where there is nothing to take.</summary>
    public bool IsEmpty => buffer.WrittenCount == 0;

    /// <summary>What was written since the last piece; the next begins with the current table.</summary>
    public byte[] TakePiece()
    {
        byte[] piece = buffer.WrittenSpan.ToArray();
        buffer.ResetWrittenCount();
        return piece;
    }

    /// <summary>What follows are rows of this table.</summary>
    public void Begin(RowTable next) => (table, _) = (next, Announce(next));

    /// <summary>All rows of the current table are gone.</summary>
    public void Clear()
    {
        AnnounceAgain();
        WriteByte((byte)RowEntry.Clear);
    }

    /// <summary>A row: the columns of the current table from a column of the reader on.</summary>
    public void Put(SqliteDataReader row, int firstColumn = 0)
    {
        AnnounceAgain();
        WriteByte((byte)RowEntry.Put);
        for (int i = 0; i < table!.Columns.Count; i++)
            WriteValue(row.GetValue(firstColumn + i));
    }

    /// <summary>All rows that the current table has. Gives the pieces that are full before the last row; what is left is in the next one that is taken.</summary>
    public IEnumerable<byte[]> PutAll(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT {table!.ColumnList} FROM {RowTable.Quote(table.Name)}";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            Put(reader);
            if (IsFull)
                yield return TakePiece();
        }
    }

    /// <summary>A row is gone: its key columns are the reader's first ones.</summary>
    public void Delete(SqliteDataReader key)
    {
        AnnounceAgain();
        WriteByte((byte)RowEntry.Delete);
        for (int i = 0; i < table!.KeyColumns; i++)
            WriteValue(key.GetValue(i));
    }

    /// <summary>A statement, before or behind the rows.</summary>
    public void Statement(string sql)
    {
        WriteByte((byte)RowEntry.Statement);
        WriteText(sql);
    }

    private void AnnounceAgain()
    {
        if (buffer.WrittenCount == 0)
            Announce(table!);
    }

    private bool Announce(RowTable next)
    {
        WriteByte((byte)RowEntry.Table);
        WriteText(next.Name);
        WriteNumber(next.KeyColumns);
        WriteNumber(next.Columns.Count);
        foreach (string column in next.Columns)
            WriteText(column);
        return true;
    }

    private void WriteValue(object value)
    {
        switch (value)
        {
            case long number:
                WriteByte(1);
                WriteNumber(number);
                break;
            case double number:
                WriteByte(2);
                WriteNumber(BitConverter.DoubleToInt64Bits(number));
                break;
            case string text:
                WriteByte(3);
                WriteText(text);
                break;
            case byte[] blob:
                WriteByte(4);
                WriteNumber(blob.Length);
                buffer.Write(blob);
                break;
            default:
                WriteByte(0);
                break;
        }
    }

    private void WriteText(string text)
    {
        WriteNumber(Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, buffer);
    }

    private void WriteNumber(long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(buffer.GetSpan(8), number);
        buffer.Advance(8);
    }

    private void WriteByte(byte value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
    }
}
