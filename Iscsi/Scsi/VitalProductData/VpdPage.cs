using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.VitalProductData;

/// <summary>Adds the body of a page, that is what follows its 4-byte header.</summary>
internal delegate void BuildPage(ParameterData data, LogicalUnit unit, ItNexus nexus);

/// <summary>One vital product data page. Immutable.</summary>
/// <param name="Code">PAGE CODE.</param>
/// <param name="Name">Name in the standard.</param>
/// <param name="Clause">Where the standard defines it.</param>
/// <param name="Build">Builds the body.</param>
internal sealed record VpdPage(byte Code, string Name, string Clause, BuildPage Build)
{
    /// <summary>What the logical unit must offer for the page to exist.</summary>
    public UnitFeatures Requires { get; init; }
}
