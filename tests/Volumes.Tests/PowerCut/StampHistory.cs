using System.Runtime.InteropServices;

namespace Lunaria.Volumes.Tests.PowerCut;

/// <summary>
/// Everything that was written, in order, a step for each block of a write, and the question which prefixes of it a disk may show. A sector holds the number
/// of the step that wrote it in every word, or zeros. One thread.
/// </summary>
internal sealed class StampHistory
{
    public const int SectorBytes = 512, BlockSectors = 8;

    private readonly List<(int Volume, int Sector, int Count, bool Zero)> _steps = [];

    /// <summary>Steps so far.</summary>
    public int Count => _steps.Count;

    /// <summary>Adds a write and gives its content.</summary>
    public byte[] Write(int volume, int sector, int count)
    {
        byte[] content = new byte[count * SectorBytes];
        for (int at = 0; at < count;)
        {
            int part = Add(volume, sector + at, count - at, zero: false);
            MemoryMarshal.Cast<byte, long>(content.AsSpan(at * SectorBytes, part * SectorBytes)).Fill(_steps.Count);
            at += part;
        }
        return content;
    }

    /// <summary>Adds a range of zeros.</summary>
    public void Zero(int volume, int sector, int count)
    {
        for (int at = 0; at < count;)
            at += Add(volume, sector + at, count - at, zero: true);
    }

    /// <summary>
    /// The last number of steps, not above <paramref name="most"/>, whose result is exactly this content of all volumes; -1 = there is none from
    /// <paramref name="least"/> on.
    /// </summary>
    public int FindPrefix(byte[][] volumes, int least, int most)
    {
        int sectors = volumes.Sum(volume => volume.Length / SectorBytes);
        List<int>[][] touched = [.. volumes.Select(volume => Enumerable.Range(0, volume.Length / SectorBytes).Select(_ => new List<int>()).ToArray())];
        for (int step = 0; step < most; step++)
            for (int i = 0; i < _steps[step].Count; i++)
                touched[_steps[step].Volume][_steps[step].Sector + i].Add(step);

        // How many sectors agree with a prefix of so many steps, as differences.
        int[] changes = new int[most + 2];
        for (int volume = 0; volume < volumes.Length; volume++)
            for (int sector = 0; sector < touched[volume].Length; sector++)
            {
                long stamp = StampOf(volumes[volume].AsSpan(sector * SectorBytes, SectorBytes));
                List<int> steps = touched[volume][sector];
                for (int i = -1; i < steps.Count; i++)
                {
                    long shown = i < 0 || _steps[steps[i]].Zero ? 0 : steps[i] + 1;
                    if (shown != stamp)
                        continue;
                    changes[i < 0 ? 0 : steps[i] + 1]++;
                    changes[(i + 1 < steps.Count ? steps[i + 1] : most) + 1]--;
                }
            }
        int found = -1;
        for (int prefix = 0, agreeing = 0; prefix <= most; prefix++)
            if ((agreeing += changes[prefix]) == sectors && prefix >= least)
                found = prefix;
        return found;
    }

    private int Add(int volume, int sector, int count, bool zero)
    {
        int part = Math.Min(count, BlockSectors - (sector % BlockSectors));
        _steps.Add((volume, sector, part, zero));
        return part;
    }

    private static long StampOf(ReadOnlySpan<byte> sector)
    {
        ReadOnlySpan<long> words = MemoryMarshal.Cast<byte, long>(sector);
        return words.ContainsAnyExcept(words[0]) ? -1 : words[0];
    }
}
