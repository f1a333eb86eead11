namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>Limits of copy commands: what RECEIVE COPY OPERATING PARAMETERS and VPD page 8Fh say and what the commands enforce are these values.</summary>
internal static class CopyLimits
{
    /// <summary>Most CSCD descriptors of a list.</summary>
    public const int MaxCscds = 16;

    /// <summary>Most segment descriptors of a list.</summary>
    public const int MaxSegments = 64;

    /// <summary>Length of a CSCD descriptor, bytes.</summary>
    public const int CscdBytes = 32;

    /// <summary>Length of the longest segment descriptor, bytes.</summary>
    public const int MaxSegmentDescriptorBytes = 32;

    /// <summary>Longest descriptor lists together, bytes.</summary>
    public const int MaxDescriptorListBytes = (MaxCscds * CscdBytes) + (MaxSegments * MaxSegmentDescriptorBytes);

    /// <summary>Longest segment: what a 16-bit block count can say with blocks of 4096 bytes.</summary>
    public const uint MaxSegmentBytes = 65535 * 4096u;

    /// <summary>Copy operations and results kept per I_T_L nexus.</summary>
    public const int MaxOperations = 64;

    /// <summary>Most range descriptors of POPULATE TOKEN and WRITE USING TOKEN.</summary>
    public const int MaxRanges = 64;

    /// <summary>Most bytes of one token, or of one WRITE USING TOKEN.</summary>
    public const long MaxTokenBytes = 16L << 30;

    /// <summary>Bytes of one WRITE USING TOKEN above which there is no gain.</summary>
    public const long OptimalTokenBytes = 256 << 20;

    /// <summary>Tokens of a server at once.</summary>
    public const int MaxTokens = 1024;

    /// <summary>Longest life of a token that nobody uses, seconds.</summary>
    public const uint MaxInactivitySeconds = 600;

    /// <summary>Its life where the host names none, seconds.</summary>
    public const uint DefaultInactivitySeconds = 60;
}
