namespace Lunaria.Appliance.Cli;

/// <summary>Rows in columns as wide as they need, for people. Used once; one thread.</summary>
internal sealed class TextTable(params string[] titles)
{
    private const string Gap = "  ";

    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row; null shows as a dash.</summary>
    public void Add(params string?[] cells) => _rows.Add([.. cells.Select(cell => string.IsNullOrEmpty(cell) ? "-" : cell)]);

    /// <summary>Writes titles and rows; numbers and sizes (titles in <paramref name="right"/>) stand at the right.</summary>
    public void Write(TextWriter output, params string[] right)
    {
        var widths = titles.Select((title, column) => _rows.Select(row => row[column].Length).Append(title.Length).Max()).ToArray();
        foreach (var row in _rows.Prepend(titles))
        {
            var cells = row.Select((cell, column) => right.Contains(titles[column]) ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
            output.WriteLine(string.Join(Gap, cells).TrimEnd());
        }
    }
}
