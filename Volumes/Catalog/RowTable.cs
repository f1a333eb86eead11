namespace Lunaria.Volumes.Catalog;

/// <summary>A table whose rows go into the catalog. <paramref name="Columns"/>: the key's first, <paramref name="KeyColumns"/> of them.</summary>
internal sealed record RowTable(string Name, IReadOnlyList<string> Columns, int KeyColumns)
{
    /// <summary>Its columns, for a statement.</summary>
    public string ColumnList => string.Join(", ", Columns.Select(Quote));

    /// <summary>A name, for a statement.</summary>
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
