using Lunaria.Volumes.Io;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Lunaria.Volumes.Metadata;

/// <summary>Failures of SQLite as the engine's kinds: no space, damage, everything else. Stateless; any thread.</summary>
internal static class SqliteErrors
{
    /// <summary>
    /// DiskFullException where the file system is full (nothing was changed, it can be tried again), InvalidDataException where the file is damaged,
    /// else IOException.
    /// </summary>
    public static Exception Translate(string path, SqliteException failure) => failure.SqliteErrorCode switch
    {
        raw.SQLITE_FULL => new DiskFullException($"{path} cannot grow: {failure.Message} Give the file system of the data directory space.", failure),
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => new InvalidDataException(
            $"{path} is damaged: {failure.Message} Restore it from a copy; the other files of the data directory are untouched.", failure),
        _ => new IOException($"{path} cannot be read or written: {failure.Message} Check the disk of the data directory.", failure),
    };
}
