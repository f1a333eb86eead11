namespace Lunaria.Iscsi.Scsi.Sense;

/// <summary>Every sense triplet this target sends, by its name in SPC-4 annex F.</summary>
internal static class SenseCodes
{
    public static readonly SenseData InvalidOperationCode = new(SenseKey.IllegalRequest, 0x20, 0x00);
}
