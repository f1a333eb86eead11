using Lunaria.Volumes.Io;
using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.MediaFaults;

/// <summary>
/// Something that a medium does wrong without a word. <paramref name="Arm"/> has it done to one of the next writes, or to what is there; it says false while there is nothing to do it to.
/// </summary>
internal sealed record MediaFault(string Name, Func<EngineBed, Random, bool> Arm)
{
    private const string Log = "log-", Journal = "journal";

    /// <summary>True where the journal is what is damaged, which each checkpoint does away with.</summary>
    public bool IsOfJournal => Name.EndsWith(Journal, StringComparison.Ordinal);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<MediaFault> All { get; } =
    [
        Write(Log, SimWriteFate.Lost), Write(Log, SimWriteFate.Torn), Write(Log, SimWriteFate.Misdirected),
        Write(Journal, SimWriteFate.Lost), Write(Journal, SimWriteFate.Torn), Write(Journal, SimWriteFate.Misdirected),
        new("flipped log", (bed, random) => TryFlip(bed, random, "", Log)),
        new("flipped journal", (bed, random) => TryFlip(bed, random, Journal, "map-")),
        new("lost object", (bed, random) => TryChange(bed, random, static (_, _) => null)),
        new("torn object", (bed, random) => TryChange(bed, random, static (content, random) => content[..random.Next(content.Length)])),
        new("flipped object", (bed, random) => TryChange(bed, random, static (content, random) => Flip(content, random))),
        new("misdirected object", TryMisdirect),
    ];

    private static MediaFault Write(string path, SimWriteFate fate) => new($"{fate} {path.TrimEnd('-')}".ToLowerInvariant(), (bed, random) =>
    {
        bed.Disk.Faults.StrayWrite(random.Next(1, 4), fate, path, random.Next(1, 8) * EngineBed.Block);
        return true;
    });

    private static bool TryFlip(EngineBed bed, Random random, string directory, string prefix)
    {
        string prefixed = directory.Length == 0 ? "" : $"{directory}/";
        foreach (string path in bed.Disk.List(directory).Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => prefixed + name).OrderBy(_ => random.Next()))
        {
            using IDiskFile file = bed.Disk.Open(path, create: false);
            byte[] content = new byte[file.LengthBytes];
            if (!file.TryRead(0, content) || !content.ContainsAnyExcept((byte)0))
                continue;
            int at = random.Next(content.Length);
            while (content[at] == 0)
                at = random.Next(content.Length);
            bed.Disk.Corrupt(path, at, (byte)(1 << random.Next(8)));
            return true;
        }
        return false;
    }

    /// <summary>Changes an object that is there; false where none is.</summary>
    public static bool TryChange(EngineBed bed, Random random, Func<byte[], Random, byte[]?> change)
    {
        if (AnySegment(bed, random) is not { } key)
            return false;
        bed.Store.Replace(key, change(bed.Store.Content(key), random));
        return true;
    }

    /// <summary>One object has landed in the place of another.</summary>
    private static bool TryMisdirect(EngineBed bed, Random random)
    {
        if (AnySegment(bed, random) is not { } from || AnySegment(bed, random) is not { } to || from == to)
            return false;
        bed.Store.Replace(to, bed.Store.Content(from));
        return true;
    }

    private static string? AnySegment(EngineBed bed, Random random)
    {
        string[] keys = [.. bed.Store.Keys.Where(key => key.StartsWith("volumes/", StringComparison.Ordinal))];
        return keys.Length == 0 ? null : keys[random.Next(keys.Length)];
    }

    private static byte[] Flip(byte[] content, Random random)
    {
        byte[] flipped = [.. content];
        flipped[random.Next(content.Length)] ^= (byte)(1 << random.Next(8));
        return flipped;
    }
}
