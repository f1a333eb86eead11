using System.Globalization;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Lines;

/// <summary>A line that a volume left to be erased: its data is to be made unreadable.</summary>
internal sealed record UnfinishedErase(uint Line, Guid Uuid, string Volume);

/// <summary>Which erases are not at their end, in lunaria.db, so that a start goes on with what a crash cut short. Owned by the volume manager; any thread.</summary>
internal sealed class EraseNotes(MetadataDatabase metadata)
{
    private const string Prefix = "erase/";

    /// <summary>All of them.</summary>
    public IReadOnlyList<UnfinishedErase> Read() => [.. metadata.ReadSettings(Prefix).Select(setting =>
    {
        string[] parts = setting.Value.Split(' ', 2);
        return new UnfinishedErase(uint.Parse(setting.Name.AsSpan(Prefix.Length), CultureInfo.InvariantCulture), Guid.Parse(parts[0]), parts[1]);
    })];

    /// <summary>Notes one, durably, before the volume leaves the line.</summary>
    public void Write(UnfinishedErase erase) => metadata.WriteSetting(Setting(erase.Line), $"{erase.Uuid} {erase.Volume}");

    /// <summary>It is at its end, or never began.</summary>
    public void Forget(UnfinishedErase erase) => metadata.WriteSetting(Setting(erase.Line), null);

    private static string Setting(uint line) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{line}");
}
