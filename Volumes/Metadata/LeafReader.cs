using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Metadata;

/// <summary>A reading connection to map.db with its prepared statement. Owned by the map database; one thread at a time.</summary>
internal sealed class LeafReader : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly SqliteCommand command;
    private readonly SqliteParameter volume, leaf, generation;

    /// <summary>Takes over an open connection.</summary>
    public LeafReader(SqliteConnection connection)
    {
        this.connection = connection;
        command = connection.CreateCommand();
        command.CommandText =
            "SELECT content FROM leaves WHERE volume=$volume AND leaf=$leaf AND generation<=$generation ORDER BY generation DESC LIMIT 1";
        volume = command.Parameters.Add("$volume", SqliteType.Integer);
        leaf = command.Parameters.Add("$leaf", SqliteType.Integer);
        generation = command.Parameters.Add("$generation", SqliteType.Integer);
        command.Prepare();
    }

    /// <summary>The newest leaf of a generation up to one, or null.</summary>
    public byte[]? Read(uint volumeNumber, uint maxGeneration, ulong leafNumber)
    {
        (volume.Value, leaf.Value, generation.Value) = ((long)volumeNumber, (long)leafNumber, (long)maxGeneration);
        // What is no blob was not written by us: damaged, as one without bytes.
        return command.ExecuteScalar() is { } content ? content as byte[] ?? [] : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        command.Dispose();
        connection.Dispose();
    }
}
