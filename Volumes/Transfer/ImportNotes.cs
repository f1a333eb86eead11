using System.Text.Json;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Transfer;

/// <summary>An import that is not at its end: of what, and how far it came.</summary>
internal sealed record UnfinishedImport(ExportHeader Export, TransferPosition Position);

/// <summary>How far unfinished imports came, in lunaria.db. Owned by the volume manager; any thread.</summary>
internal sealed class ImportNotes(MetadataDatabase metadata)
{
    /// <summary>Notes how far it came, durably.</summary>
    public void Write(Volume volume, UnfinishedImport import) => metadata.WriteSetting(Setting(volume), JsonSerializer.Serialize(import));

    /// <summary>The unfinished import of a volume, or null.</summary>
    public UnfinishedImport? Read(Volume volume) => metadata.ReadSetting(Setting(volume)) is { } text ? JsonSerializer.Deserialize<UnfinishedImport>(text) : null;

    /// <summary>It is at its end, or its volume is deleted.</summary>
    public void Forget(Volume volume) => metadata.WriteSetting(Setting(volume), null);

    private static string Setting(Volume volume) => $"import/{volume.Uuid}";
}
