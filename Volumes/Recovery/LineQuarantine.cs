using System.Globalization;
using System.Text;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Recovery;

/// <summary>
/// What happens when something about one line is found broken: its volume refuses I/O, the others go on, and what was seen is kept in a folder of <c>quarantine</c> in the data
/// directory. Owned by the engine; called by the map writer.
/// </summary>
internal sealed class LineQuarantine(VolumeRegistry volumes, MapStore maps, string dataDirectory, TimeProvider time, ILogger logger)
{
    private const int MaxRows = 2000;

    /// <summary>The state of a volume whose line is in quarantine.</summary>
    public static VolumeHealth HealthOf(string volume, LineFault fault) =>
        new(HealthState.Faulted, $"Volume '{volume}' is in quarantine: {fault.Cause} Its other writes are kept. Recover it: lunaria volume recover {volume}");

    /// <summary>A line has gone into quarantine.</summary>
    public void Enter(MapLine line, Exception cause)
    {
        List<Volume> concerned = [.. volumes.All.Where(volume => volume.Line.Number == line.Number)];
        string name = concerned.Count > 0 ? concerned[0].Name : $"line {line.Number}";
        VolumesLog.Quarantined(logger, name, cause.Message, cause);
        foreach (Volume volume in concerned)
            volume.Refuse(HealthOf(volume.Name, line.Fault!));
        try
        {
            KeepEvidence(line, name, cause);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException)
        {
            VolumesLog.NoEvidence(logger, name, e);
        }
    }

    private void KeepEvidence(MapLine line, string name, Exception cause)
    {
        string folder = Path.Combine(dataDirectory, "quarantine", time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture) + $"-line-{line.Number}");
        Directory.CreateDirectory(folder);
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"time      {time.GetUtcNow():O}\nsubject   {name}, line {line.Number} ({line.Uuid}), family {line.Family}, begins on {line.Parent?.Number ?? 0} at {line.ParentGeneration}");
        text.AppendLine(CultureInfo.InvariantCulture, $"journal   kept from frame {line.Fault!.JournalSequence} on; checkpoint {maps.Checkpoint}\ncause     {cause}");
        File.WriteAllText(Path.Combine(folder, "cause.txt"), text.ToString());
        File.WriteAllLines(Path.Combine(folder, "segments.txt"), maps.Segments.Rows.Where(entry => maps.Segments.FamilyOf(entry.Row.Volume) == line.Family).Take(MaxRows)
            .Select(entry => $"{entry.Id.Value} {SegmentKey.Format(maps.Segments.VolumeUuid(entry.Row.Volume), entry.Row.Sequence)} {entry.Row}"));
        using SqliteConnection connection = maps.Database.OpenReader();
        File.WriteAllLines(Path.Combine(folder, "leaves.txt"), Rows(connection, line.Number, "SELECT leaf, generation, hex(content) FROM leaves"));
        File.WriteAllLines(Path.Combine(folder, "presence.txt"), Rows(connection, line.Number, "SELECT leaf_group, generation, hex(content) || ' ' || hex(owned) FROM presence"));
    }

    private static List<string> Rows(SqliteConnection connection, uint line, string select)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"{select} WHERE volume={line} LIMIT {MaxRows}";
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> rows = [];
        while (reader.Read())
            rows.Add($"{reader.GetInt64(0)} {reader.GetInt64(1)} {reader.GetString(2)}");
        return rows;
    }
}
