using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.ModePages;

/// <summary>
/// One mode page as data: its default values and which of its bits a host may change. Both begin with the page header. Immutable.
/// </summary>
/// <param name="Name">Name in the standard.</param>
/// <param name="Clause">Where the standard defines it.</param>
/// <param name="Defaults">Default values for a unit with these options.</param>
/// <param name="Changeable">Mask of the changeable bits, as long as the page.</param>
internal sealed record ModePage(string Name, string Clause, Func<LogicalUnitOptions, byte[]> Defaults, byte[] Changeable)
{
    /// <summary>What the logical unit must offer for the page to exist.</summary>
    public UnitFeatures Requires { get; init; }

    /// <summary>PAGE CODE.</summary>
    public int Code => Changeable[0] & 0x3F;

    /// <summary>SUBPAGE CODE, 0 for page_0 format (SPC-4 7.5.1).</summary>
    public int Subpage => HasSubpage ? Changeable[1] : 0;

    /// <summary>SPF: the page has the sub_page format.</summary>
    public bool HasSubpage => (Changeable[0] & 0x40) != 0;

    /// <summary>Bytes of the page header.</summary>
    public int HeaderBytes => HasSubpage ? 4 : 2;
}
