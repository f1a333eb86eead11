using System.Runtime.InteropServices;

namespace Lunaria.Volumes.Map;

/// <summary>
/// One map entry, or a run of them, in native memory: 8 bytes. Block <paramref name="Start"/> of the leaf is block <paramref name="FirstIndex"/> of
/// the segment, and so on until the next run starts. Segment 0 = hole. In a flat leaf each entry is a run of one block, and its Start is unused (0).
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct LeafRun(uint Segment, ushort FirstIndex, ushort Start)
{
    /// <summary>Bytes of a run in memory.</summary>
    public const int Bytes = 8;
}
