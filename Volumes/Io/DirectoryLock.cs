using System.Globalization;

namespace Lunaria.Volumes.Io;

/// <summary>
/// Keeps a second process away from a directory: a lock file, held until this is disposed or the process dies. It stays, and so does the file beside it
/// that has the last holder's process id.
/// </summary>
public sealed class DirectoryLock : IDisposable
{
    // Nobody can open a locked file, not even to read who locked it.
    private const string LockName = "lunaria.lock", ProcessName = "lunaria.pid";

    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Takes the lock of a directory, which is made where it is absent.</summary>
    /// <exception cref="DirectoryInUseException">Another process (or another lock of this one) has it.</exception>
    public static DirectoryLock Acquire(string directory)
    {
        Directory.CreateDirectory(directory);
        directory = Path.GetFullPath(directory);
        string lockPath = Path.Combine(directory, LockName), processPath = Path.Combine(directory, ProcessName);
        FileStream file;
        try
        {
            file = new(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(lockPath))
        {
            throw new DirectoryInUseException($"Directory '{directory}' is in use by {HolderIn(processPath)}. Stop that one, or use another directory.");
        }
        File.WriteAllText(processPath, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return new(file);
    }

    /// <summary>Lets the next one in.</summary>
    public void Dispose() => _file.Dispose();

    private static string HolderIn(string processPath)
    {
        try
        {
            return int.TryParse(File.ReadAllText(processPath), CultureInfo.InvariantCulture, out int process) ? $"process {process}" : "another process";
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}
