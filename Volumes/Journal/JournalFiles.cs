using System.Globalization;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Journal;

/// <summary>Names of the journal's files: <c>map-</c> and the number of the first frame in 16 hex digits. Stateless; any thread.</summary>
internal static class JournalFiles
{
    private const string Prefix = "map-", Suffix = ".journal";

    /// <summary>The path of the file whose first frame has this number.</summary>
    public static string Path(string directory, ulong firstSequence)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{firstSequence:x16}{Suffix}");
        return directory.Length == 0 ? name : $"{directory}/{name}";
    }

    /// <summary>The first frames of all files in the directory, ascending; other files are passed over.</summary>
    public static List<ulong> List(IDisk disk, string directory)
    {
        var firsts = new List<ulong>();
        foreach (string name in disk.List(directory))
        {
            if (name.Length == Prefix.Length + 16 + Suffix.Length && name.StartsWith(Prefix, StringComparison.Ordinal)
                && name.EndsWith(Suffix, StringComparison.Ordinal)
                && ulong.TryParse(name.AsSpan(Prefix.Length, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong first))
                firsts.Add(first);
        }
        firsts.Sort();
        return firsts;
    }
}
