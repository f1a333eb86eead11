using System.Globalization;

namespace Lunaria.Appliance.Hosting;

/// <summary>
/// The data directory, held by this process alone: lunaria.lock is locked as long as the instance lives, lunaria.pid tells others who
/// holds it. Owned by the run.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    private const string LockName = "lunaria.lock";
    private const string PidName = "lunaria.pid";

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream held) => (FullPath, _lock) = (path, held);

    /// <summary>The absolute path.</summary>
    public string FullPath { get; }

    /// <summary>True as long as the engine has put nothing into it.</summary>
    public bool IsNew => !File.Exists(Path.Combine(FullPath, "lunaria.db"));

    /// <summary>Creates the directory where absent and takes it; <see cref="StartException"/> where it is not writable or taken.</summary>
    public static DataDirectory Acquire(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(path);
            else
                Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"the data directory {path} cannot be used: {e.Message} Name another with --data DIR, or mend its permissions.", e);
        }

        var held = TakeLock(path);
        try
        {
            File.WriteAllText(Path.Combine(path, PidName), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            held.Dispose();
            throw new StartException($"the data directory {path} is not writable: {e.Message}", e);
        }

        return new DataDirectory(path, held);
    }

    /// <summary>Gives the directory back.</summary>
    public void Dispose()
    {
        File.Delete(Path.Combine(FullPath, PidName));
        _lock.Dispose();
    }

    private static FileStream TakeLock(string path)
    {
        var name = Path.Combine(path, LockName);
        try
        {
            // FileShare.None is flock(LOCK_EX) on Unix: it ends with the process, however that dies.
            return new FileStream(name, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StartException($"the data directory {path} is not writable: {e.Message} Name another with --data DIR, or mend its permissions.", e);
        }
        catch (IOException e) when (File.Exists(name))
        {
            throw new StartException($"the data directory {path} is in use by {ReadHolder(path)}; stop it first, or name another directory with --data DIR", e);
        }
        catch (IOException e)
        {
            throw new StartException($"the data directory {path} is not writable: {e.Message}", e);
        }
    }

    private static string ReadHolder(string path)
    {
        try
        {
            return $"process {File.ReadAllText(Path.Combine(path, PidName)).Trim()}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }
}
