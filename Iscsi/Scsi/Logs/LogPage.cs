using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.Logs;

/// <summary>One log page. Immutable.</summary>
/// <param name="Code">PAGE CODE.</param>
/// <param name="Subpage">SUBPAGE CODE.</param>
/// <param name="Name">Name in the standard.</param>
/// <param name="Clause">Where the standard defines it.</param>
/// <param name="Build">Adds the parameters, that is what follows the 4-byte header.</param>
internal sealed record LogPage(byte Code, byte Subpage, string Name, string Clause, Action<ParameterData, LogicalUnit> Build)
{
    /// <summary>What the logical unit must offer for the page to exist.</summary>
    public UnitFeatures Requires { get; init; }
}
