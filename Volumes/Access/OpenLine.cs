using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Access;

/// <summary>
/// A line that can be read and written: where its blocks are, and who reads and writes them. Owned by its volume; after a rollback or a delete by the destager, until
/// the older generations in it are published. Any thread.
/// </summary>
internal sealed class OpenLine
{
    private bool _isLeft;

    public OpenLine(LineRecord record, string name, VolumeIndex index, EngineParts engine)
    {
        (Record, Name, Index) = (record, name, index);
        Reader = new(this, engine.Log, engine.Segments, engine.Time, engine.Options.RoomWait, engine.Logger);
        Writer = new(record.Number, Index, engine.Log, engine.Marks);
        WaitingWriter = new(Reader, Writer, engine);
    }

    /// <summary>What lunaria.db says of it, but for the parent, which a flattened line has no more.</summary>
    public LineRecord Record { get; }

    /// <summary>Its number in log, journal and map.</summary>
    public uint Number => Record.Number;

    /// <summary>The volume's name, for messages.</summary>
    public string Name { get; set; }

    /// <summary>No volume is on it any more: it is closed once its older generations are published.</summary>
    public bool IsLeft
    {
        get => Volatile.Read(ref _isLeft);
        private set => Volatile.Write(ref _isLeft, value);
    }

    /// <summary>Who reads it, for the read cache; null = nothing of it is looked for there.</summary>
    public CacheClient? Cache { get; set; }

    public VolumeIndex Index { get; }

    public BlockReader Reader { get; }

    public BlockWriter Writer { get; }

    public WaitingWriter WaitingWriter { get; }

    /// <summary>
    /// The volume goes: no write is under way when this returns, and none starts. What the log holds is forgotten, but for the generations that snapshots may show.
    /// </summary>
    public void Leave(bool keepOlder)
    {
        Writer.Close();
        Index.Leave();
        if (!keepOlder)
            Index.DropOlder(ulong.MaxValue);
        IsLeft = true;
    }
}
