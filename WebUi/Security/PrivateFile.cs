namespace Lunaria.WebUi.Security;

/// <summary>Files that only their owner can read (0600): keys and tokens. Stateless; any thread.</summary>
public static class PrivateFile
{
    /// <summary>Writes a file anew, aside and renamed, so that a crash leaves a whole one or none. Durable when the call returns.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(path + ".new", options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }
}
