using Lunaria.Volumes.Access;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Lines;

/// <summary>What holds for everybody who looks at a generation of a line: waiting until the map has it, and letting go of it. Owned by the volume manager; any thread.</summary>
internal sealed class LineViews(LineCatalog catalog, VolumeRegistry volumes, MetadataDatabase metadata, MapStore maps, LineKeeper keeper, Destager destager)
{
    /// <summary>InvalidOperationException, with the remedy, where the map of a line is damaged; <paramref name="name"/> stands in it.</summary>
    public void CheckNotInQuarantine(uint line, string name)
    {
        if (maps.IsFaulted(line))
            throw new InvalidOperationException($"'{name}' is in quarantine. Recover its volume first: lunaria volume recover.");
    }

    /// <summary>Complete = the map shows all of a generation.</summary>
    public async ValueTask SettleAsync(uint line, uint generation)
    {
        CheckNotInQuarantine(line, $"line {line}");
        while (volumes.FindLine(line)?.Index.Holds(generation) == true)
            await destager.DestageAsync(checkpoint: false);
    }

    /// <summary>Complete = the map has all that a line began as.</summary>
    public async ValueTask SettleAsync(OpenLine line)
    {
        while (!line.Index.IsSettled)
            await destager.DestageAsync(checkpoint: false);
    }

    /// <summary>What is made of a generation reads through all that waits for the object store before it: where that is too long a chain, it waits, too.</summary>
    public async ValueTask LimitDepthAsync(SnapshotRecord snapshot)
    {
        CheckNotInQuarantine(snapshot.Line, snapshot.Name);
        if (volumes.FindLine(snapshot.Line)?.Index.Depth >= Beginning.MaxDepth)
            await SettleAsync(snapshot.Line, snapshot.Generation);
    }

    /// <summary>Somebody has looked at a generation, and does so no longer: what only that showed goes.</summary>
    public void Forget(uint line, uint generation)
    {
        catalog.RemoveView(line, generation);
        if (catalog.IsView(line, generation))
            return;
        metadata.AddPrune(line, generation);
        keeper.Wake();
    }
}
