namespace Lunaria.Appliance.Hosting;

/// <summary>
/// The file <c>pool.paths</c> in the data directory: where the pool's components were last, one path a line. It only says where to look; the labels bind. Owned by
/// <see cref="PoolFiles"/>.
/// </summary>
internal sealed class PoolPaths(string dataDirectory)
{
    private readonly string _path = Path.Combine(dataDirectory, "pool.paths");

    /// <summary>The paths; none where nothing is known.</summary>
    public IReadOnlyList<string> Read() => File.Exists(_path) ? [.. File.ReadLines(_path).Where(line => line.Length > 0)] : [];

    /// <summary>Replaces the file, so that a crash leaves the old or the new one.</summary>
    public void Write(IEnumerable<string> paths)
    {
        var unfinished = $"{_path}.unfinished";
        using (var file = new StreamWriter(unfinished))
        {
            foreach (var path in paths)
                file.WriteLine(path);
            file.Flush();
            ((FileStream)file.BaseStream).Flush(flushToDisk: true);
        }

        File.Move(unfinished, _path, overwrite: true);
    }
}
