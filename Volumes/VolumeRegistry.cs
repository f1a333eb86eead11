namespace Lunaria.Volumes;

/// <summary>All open volumes. Owned by the volume manager; volumes are added one at a time, and looked up by any thread.</summary>
internal sealed class VolumeRegistry
{
    private volatile Volume[] _volumes = [];

    /// <summary>All volumes now, in the order of their numbers.</summary>
    public IReadOnlyList<Volume> All => _volumes;

    /// <summary>The volume of that name, or null.</summary>
    public Volume? Find(string name) => Array.Find(_volumes, volume => volume.Name == name);

    /// <summary>The volume of that number, or null.</summary>
    public Volume? Find(uint number) => Array.Find(_volumes, volume => volume.Number == number);

    /// <summary>Adds a volume, behind all others. The caller sees to it that only one is added at a time.</summary>
    public void Add(Volume volume) => _volumes = [.. _volumes, volume];
}
