using Lunaria.Appliance.Settings;
using Lunaria.Volumes.Io;

namespace Lunaria.Appliance.Hosting;

/// <summary>
/// The directories that this process alone may write: the data directory, and the log's where that lies elsewhere. Owned by the run.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    private readonly List<DirectoryLock> _locks = [];

    private DataDirectory(string path) => FullPath = path;

    /// <summary>The absolute path of the data directory.</summary>
    public string FullPath { get; }

    /// <summary>True as long as the engine has put nothing into it.</summary>
    public bool IsNew => !File.Exists(Path.Combine(FullPath, "lunaria.db"));

    /// <summary>
    /// Creates the directories where absent (for the owner only) and takes them; <see cref="StartException"/> or
    /// <see cref="DirectoryInUseException"/> where one cannot be written or another process has it.
    /// </summary>
    public static DataDirectory Acquire(ApplianceSettings settings)
    {
        var data = new DataDirectory(settings.DataDirectory);
        try
        {
            data.Take(settings.DataDirectory);
            CreatePrivate(Path.Combine(settings.DataDirectory, "web"));
            if (!settings.Log.Directory.StartsWith(settings.DataDirectory, StringComparison.Ordinal))
                data.Take(settings.Log.Directory);
            return data;
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    /// <summary>Lets the next process in.</summary>
    public void Dispose()
    {
        foreach (var held in _locks)
            held.Dispose();
    }

    private static void CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private void Take(string path)
    {
        try
        {
            CreatePrivate(path);
            _locks.Add(DirectoryLock.Acquire(path));
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not DirectoryInUseException)
        {
            throw new StartException($"the directory {path} cannot be used: {e.Message} Name another with --data DIR, or mend its permissions.", e);
        }
    }
}
