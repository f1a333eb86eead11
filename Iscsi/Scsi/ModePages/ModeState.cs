using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ModePages;

/// <summary>
/// The mode parameters of a logical unit: one set for all I_T nexuses. What the hot path asks for is kept in fields. Any thread.
/// </summary>
internal sealed class ModeState
{
    private readonly LogicalUnit unit;
    private ImmutableArray<byte[]> current;
    private volatile bool writeCache;
    private volatile bool descriptorSense;
    private volatile bool softwareWriteProtect;

    /// <summary>The parameters of <paramref name="unit"/>, with their defaults.</summary>
    public ModeState(LogicalUnit unit)
    {
        this.unit = unit;
        current = Defaults;
        Apply();
    }

    /// <summary>WCE: writes may stay in the cache.</summary>
    public bool WriteCache => writeCache;

    /// <summary>D_SENSE: sense data has the descriptor format.</summary>
    public bool DescriptorSense => descriptorSense;

    /// <summary>True where commands that write are accepted.</summary>
    public bool Writable => !softwareWriteProtect && !unit.Medium.Geometry.ReadOnly;

    /// <summary>Why not <see cref="Writable"/>.</summary>
    public SenseData WriteProtection => unit.Medium.Geometry.ReadOnly ? SenseCodes.WriteProtected : SenseCodes.SoftwareWriteProtected;

    /// <summary>The default pages, in the order of <see cref="ModePageTable.Pages"/>.</summary>
    public ImmutableArray<byte[]> Defaults => [.. ModePageTable.Pages.Select(page => page.Defaults(unit.Options))];

    /// <summary>The current pages, in the order of <see cref="ModePageTable.Pages"/>. Never changed in place.</summary>
    public ImmutableArray<byte[]> Current => current;

    /// <summary>Puts new pages in force. The caller has checked them.</summary>
    public void Change(ImmutableArray<byte[]> pages)
    {
        current = pages;
        Apply();
    }

    /// <summary>A reset: the defaults come back (SPC-4 5.10).</summary>
    public void Reset() => Change(Defaults);

    private void Apply()
    {
        for (int index = 0; index < current.Length; index++)
        {
            ModePage page = ModePageTable.Pages[index];
            byte[] values = current[index];
            if (page.HasSubpage) continue;
            if (page.Code == ModePageTable.CachingCode) writeCache = (values[2] & ModePageTable.WriteCacheEnable) != 0;
            if (page.Code != ModePageTable.ControlCode) continue;
            descriptorSense = (values[2] & ModePageTable.DescriptorSense) != 0;
            softwareWriteProtect = (values[4] & ModePageTable.SoftwareWriteProtect) != 0;
        }
    }
}
