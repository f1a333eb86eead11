using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ModePages;

/// <summary>
/// The mode parameters of a logical unit: one set for all I_T nexuses. What the hot path asks for is kept in fields. Any thread; changes one after the
/// other.
/// </summary>
internal sealed class ModeState
{
    private const string StoreKey = "mode";

    private readonly LogicalUnit unit;
    private readonly LogicalUnitStore? store;
    private ImmutableArray<byte[]> saved;
    private ImmutableArray<byte[]> current;
    private volatile bool writeCache;
    private volatile bool descriptorSense;
    private volatile bool softwareWriteProtect;

    /// <summary>The parameters of <paramref name="unit"/> as its store has kept them, with their defaults where it has not.</summary>
    public ModeState(LogicalUnit unit)
    {
        this.unit = unit;
        store = unit.Options.Store;
        current = saved = Load(store?.Load(StoreKey));
        Apply();
    }

    /// <summary>True where values can be saved (PS=1).</summary>
    public bool CanSave => store is not null;

    /// <summary>The saved pages, in the order of <see cref="ModePageTable.Pages"/>: what a reset brings back.</summary>
    public ImmutableArray<byte[]> Saved => saved;

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

    /// <summary>True where the space has reached an enabled soft threshold (mode page 1Ch/02h); counts in threshold sets.</summary>
    public bool ThresholdReached(long availableSets, long usedSets)
    {
        ImmutableArray<byte[]> pages = current;
        for (int index = 0; index < pages.Length; index++)
            if (ModePageTable.Pages[index] is { Code: ModePageTable.ProvisioningCode, Subpage: ModePageTable.ProvisioningSubpage })
                return ModePageTable.ThresholdReached(pages[index], availableSets, usedSets);
        return false;
    }

    /// <summary>Puts new pages in force. The caller has checked them.</summary>
    public void Change(ImmutableArray<byte[]> pages)
    {
        current = pages;
        Apply();
    }

    /// <summary>Puts new pages in force and keeps them for ever. False, and nothing has changed, where the store fails.</summary>
    public async ValueTask<bool> TrySaveAsync(ImmutableArray<byte[]> pages)
    {
        try
        {
            await store!.Save(StoreKey, [.. pages.SelectMany(page => page)]);
        }
        catch (Exception)
        {
            // What the embedder's store throws is its own; the host hears that nothing has changed.
            return false;
        }

        saved = pages;
        Change(pages);
        return true;
    }

    /// <summary>A reset: the saved values come back (SPC-4, mode pages).</summary>
    public void Reset() => Change(saved);

    /// <summary>The changeable bits of the pages that a record of an earlier life has; everything else has its default.</summary>
    private ImmutableArray<byte[]> Load(byte[]? record)
    {
        ImmutableArray<byte[]> pages = Defaults;
        int at = 0;
        while (record is not null && at + 4 <= record.Length)
        {
            bool subpage = (record[at] & 0x40) != 0;
            int length = subpage ? 4 + ((record[at + 2] << 8) | record[at + 3]) : 2 + record[at + 1];
            if (at + length > record.Length) break;
            for (int index = 0; index < pages.Length; index++)
            {
                ModePage page = ModePageTable.Pages[index];
                byte[] values = pages[index];
                if (page.Code != (record[at] & 0x3F) || page.Subpage != (subpage ? record[at + 1] : 0) || values.Length != length) continue;
                for (int offset = page.HeaderBytes; offset < length; offset++)
                    values[offset] = (byte)((values[offset] & ~page.Changeable[offset]) | (record[at + offset] & page.Changeable[offset]));
            }

            at += length;
        }

        return pages;
    }

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
