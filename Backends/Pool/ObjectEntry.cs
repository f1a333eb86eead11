using Lunaria.Backends.Pool.Format;

namespace Lunaria.Backends.Pool;

/// <summary>
/// A stored object as readers see it: its copies, each on another component, the preferred one first. Never changes: another set of copies is another entry. Any thread.
/// </summary>
internal sealed class ObjectEntry(params ObjectCopy[] copies)
{
    private readonly ObjectCopy[] copies = copies;

    /// <summary>At least one.</summary>
    public IReadOnlyList<ObjectCopy> Copies => copies;

    /// <summary>The copy that is read first.</summary>
    public ObjectCopy First => copies[0];

    /// <summary>What the records say that all copies have in common: key, version, length and checksum.</summary>
    public TableRecord Record => copies[0].Record;

    /// <summary>Its key.</summary>
    public string Key => copies[0].Record.Key;

    /// <summary>Its length.</summary>
    public int LengthBytes => (int)copies[0].Record.LengthBytes;

    /// <summary>Its entity tag.</summary>
    public string Tag => Record.Version.ToString("x16");

    /// <summary>Copies on components that have not failed.</summary>
    public int SoundCopies
    {
        get
        {
            int sound = 0;
            foreach (ObjectCopy copy in copies)
                sound += copy.Component.IsFaulted ? 0 : 1;
            return sound;
        }
    }

    /// <summary>The copy on a component; null where it has none there.</summary>
    public ObjectCopy? On(PoolComponent component) => Array.Find(copies, copy => copy.Component == component);

    /// <summary>Each copy once, those on components that failed last.</summary>
    public IEnumerable<ObjectCopy> InReadingOrder()
    {
        for (int i = 0; i < 2 * copies.Length; i++)
        {
            ObjectCopy copy = copies[i % copies.Length];
            if (copy.Component.IsFaulted == i >= copies.Length)
                yield return copy;
        }
    }
}
