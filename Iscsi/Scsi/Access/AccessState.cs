namespace Lunaria.Iscsi.Scsi;

/// <summary>Asymmetric access states of a target port group (SPC-4 5.15.2.4).</summary>
public enum AccessState : byte
{
    /// <summary>The best path.</summary>
    ActiveOptimized = 0x0,
    /// <summary>Works, but another path is better.</summary>
    ActiveNonOptimized = 0x1,
    /// <summary>Answers, but does no I/O until it is made active.</summary>
    Standby = 0x2,
    /// <summary>Cannot do I/O.</summary>
    Unavailable = 0x3,
    /// <summary>On the way from one state to another.</summary>
    Transitioning = 0xF,
}
