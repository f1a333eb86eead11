namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>Limits of copy commands, as RECEIVE COPY OPERATING PARAMETERS states them and EXTENDED COPY enforces them.</summary>
internal static class CopyLimits
{
    /// <summary>Most CSCD descriptors of a list.</summary>
    public const int MaxCscds = 16;

    /// <summary>Most segment descriptors of a list.</summary>
    public const int MaxSegments = 64;

    /// <summary>Length of a CSCD descriptor, bytes.</summary>
    public const int CscdBytes = 32;

    /// <summary>Length of a segment descriptor block to block, bytes.</summary>
    public const int SegmentBytes = 28;

    /// <summary>Longest descriptor lists together, bytes.</summary>
    public const int MaxDescriptorListBytes = (MaxCscds * CscdBytes) + (MaxSegments * SegmentBytes);

    /// <summary>Longest segment: what its 16-bit block count can say with blocks of 4096 bytes.</summary>
    public const uint MaxSegmentBytes = 65535 * 4096u;

    /// <summary>Copy results kept per I_T_L nexus; the oldest goes first.</summary>
    public const int MaxResults = 32;

    /// <summary>Seconds a result is kept at least, which here has no end but <see cref="MaxResults"/>.</summary>
    public const ushort HeldSeconds = 600;
}
