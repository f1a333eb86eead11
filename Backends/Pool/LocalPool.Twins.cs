using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Pool;

/// <content>Objects that hold the same secret: no loss of one component takes all of them, and what they held before does not stay.</content>
public sealed partial class LocalPool
{
    private bool IsTwin(string key) => options.SecretTwins.Contains(key);

    /// <summary>Where the twins of an object lie.</summary>
    private PoolComponent[] ComponentsOfTwins(string key) => IsTwin(key) ? [.. Twins().Where(twin => twin.Key != key).SelectMany(ComponentsOf)] : [];

    /// <summary>A twin that is to be moved, since all of them lie on one component while another takes objects; null = there is none.</summary>
    private ObjectEntry? FindCrowdedTwin()
    {
        ObjectEntry[] twins = [.. Twins()];
        PoolComponent[] places = [.. twins.SelectMany(ComponentsOf).Distinct()];
        return twins.Length > 1 && places.Length == 1 && HasOther(places[0]) ? twins[^1] : null;
    }

    private IEnumerable<ObjectEntry> Twins() => options.SecretTwins.Select(key => index.GetValueOrDefault(key)).OfType<ObjectEntry>();

    private static IEnumerable<PoolComponent> ComponentsOf(ObjectEntry entry) => entry.Copies.Select(copy => copy.Component);

    /// <summary>What a twin held may have been thrown away since: its bytes do not wait for another object to be written over them.</summary>
    private static void Overwrite(ObjectCopy copy)
    {
        if (copy.Component.IsFaulted)
            return;
        try
        {
            copy.Component.WriteObject(copy.OffsetBytes, new byte[copy.Record.LengthBytes]);
        }
        catch (ObjectStoreException)
        {
            // A device that takes no writes is given up soon, and the flush that follows says so.
        }
    }
}
