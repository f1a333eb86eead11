using System.Globalization;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Cache;

/// <summary>What an administrator said about the cache while the engine ran, kept in lunaria.db's settings. Owned by the cache; thread-safe.</summary>
internal sealed class CacheSettings(MetadataDatabase metadata)
{
    private const string DevicesName = "cache.devices", VolumePrefix = "cache.volume.";

    /// <summary>Devices that were added and not removed.</summary>
    public IReadOnlyList<CacheDeviceOptions> ReadDevices() =>
        [.. (metadata.ReadSetting(DevicesName) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ParseDevice)];

    /// <summary>Keeps the devices that were added.</summary>
    public void WriteDevices(IEnumerable<CacheDeviceOptions> devices)
    {
        string text = string.Join('\n', devices.Select(device => string.Create(CultureInfo.InvariantCulture, $"{device.SizeBytes} {device.Path}")));
        metadata.WriteSetting(DevicesName, text.Length == 0 ? null : text);
    }

    /// <summary>A volume's policy; the default where nothing was said.</summary>
    public CachePolicy ReadPolicy(Guid volume)
    {
        string[] words = (metadata.ReadSetting(Name(volume)) ?? "").Split(' ');
        return words.Length == 4
            ? new(
                Enum.Parse<CacheBehaviour>(words[0]), Enum.Parse<CacheMode>(words[1]), long.Parse(words[2], CultureInfo.InvariantCulture),
                long.Parse(words[3], CultureInfo.InvariantCulture))
            : new();
    }

    /// <summary>Keeps a volume's policy; null = nothing is said any more.</summary>
    public void WritePolicy(Guid volume, CachePolicy? policy) => metadata.WriteSetting(
        Name(volume),
        policy is null || policy == new CachePolicy() ? null
            : string.Create(CultureInfo.InvariantCulture, $"{policy.Behaviour} {policy.Mode} {policy.LimitBytes} {policy.ReserveBytes}"));

    private static string Name(Guid volume) => $"{VolumePrefix}{volume:d}";

    private static CacheDeviceOptions ParseDevice(string line)
    {
        string[] words = line.Split(' ', 2);
        return new(words[1], long.Parse(words[0], CultureInfo.InvariantCulture));
    }
}
