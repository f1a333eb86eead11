using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Metadata;

/// <summary>A prepared statement without results, with the parameters $1, $2 and so on. Owned by who made it; one thread.</summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly SqliteCommand command;

    /// <summary>Prepares.</summary>
    public SqliteStatement(SqliteConnection connection, string sql, int parameterCount)
    {
        command = connection.CreateCommand();
        command.CommandText = sql;
        for (int number = 1; number <= parameterCount; number++)
            command.Parameters.Add(new SqliteParameter(string.Create(CultureInfo.InvariantCulture, $"${number}"), null));
        command.Prepare();
    }

    /// <summary>Runs with these values; gives the number of rows changed.</summary>
    public int Run(params ReadOnlySpan<object?> values)
    {
        for (int i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command.ExecuteNonQuery();
    }

    /// <inheritdoc/>
    public void Dispose() => command.Dispose();
}
