namespace Lunaria.Appliance.Hosting;

/// <summary>Names of block devices that are the same after each start of the machine: links that udev makes of model and serial number. Stateless; any thread.</summary>
internal static class DeviceNames
{
    /// <summary>Where udev puts them.</summary>
    public const string ById = "/dev/disk/by-id";

    /// <summary>The link of <paramref name="directory"/> that leads to the same device as a path, the one that says most; null where there is none, or the path is one.</summary>
    public static string? FindStable(string path, string directory = ById)
    {
        if (Path.GetDirectoryName(path) == directory || !Directory.Exists(directory))
            return null;
        try
        {
            var device = Target(path);
            return Directory.EnumerateFileSystemEntries(directory).Where(link => Target(link) == device).Order(StringComparer.Ordinal).MaxBy(link => link.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // Links come and go with their devices.
        }
    }

    private static string Target(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
}
