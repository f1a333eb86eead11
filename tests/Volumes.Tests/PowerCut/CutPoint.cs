namespace Lunaria.Volumes.Tests.PowerCut;

/// <summary>
/// What is left of the machine after the power failed at one moment, and what has to be found there: at least <paramref name="Flushed"/> steps of the history,
/// at most <paramref name="Issued"/>.
/// </summary>
internal sealed record CutPoint(string Where, SimDisk Disk, MemoryObjectStore Store, IReadOnlyDictionary<string, byte[]> Databases, int Flushed, int Issued)
{
    /// <summary>The SQLite files of a directory, as they are in the page cache. The shared memory of the WAL does not outlive a machine.</summary>
    public static Dictionary<string, byte[]> ReadDatabases(string directory) => Directory.GetFiles(directory)
        .Where(file => !file.EndsWith("-shm", StringComparison.Ordinal))
        .ToDictionary(file => Path.GetFileName(file), ReadShared);

    /// <summary>Puts the databases into an empty directory.</summary>
    public void WriteDatabases(string directory)
    {
        foreach ((string name, byte[] content) in Databases)
            File.WriteAllBytes(Path.Combine(directory, name), content);
    }

    private static byte[] ReadShared(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }
}
