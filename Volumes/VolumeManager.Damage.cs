using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes;

/// <summary>Who is concerned when objects of the store are lost.</summary>
public sealed partial class VolumeManager
{
    /// <summary>
    /// The volumes that may have data in the objects of these keys: those whose lines, or the lines that these began on, the segments belong to. A volume that has since written over
    /// all of it is among them; one that got data of a stranger by reference (XCOPY, ODX) is not.
    /// </summary>
    public IReadOnlyList<Volume> FindUsers(IEnumerable<string> keys)
    {
        HashSet<Guid> lines = [];
        foreach (string key in keys)
        {
            string[] parts = key.Split('/');
            if (parts.Length == 4 && parts[0] == "volumes" && Guid.TryParse(parts[1], out Guid line))
                lines.Add(line);
        }

        return lines.Count == 0 ? [] : [.. Volumes.Where(volume => LinesOf(volume).Any(line => lines.Contains(line.Uuid)))];
    }

    private IEnumerable<LineRecord> LinesOf(Volume volume)
    {
        for (LineRecord? line = _catalog.Find(volume.Line.Number); line is not null; line = _catalog.Find(line.Parent))
            yield return line;
    }
}
