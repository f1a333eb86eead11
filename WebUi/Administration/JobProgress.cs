namespace Lunaria.WebUi.Administration;

/// <summary>
/// A job's own side of it: where it says how far it is, and hears that it is to end. Owned by its <see cref="JobService"/>; the job writes it on any
/// thread, whoever asks reads it.
/// </summary>
public sealed class JobProgress
{
    private readonly Lock _sync = new();
    private long _done;
    private long _total;
    private string _unit = "bytes";
    private string? _message;

    internal JobProgress(CancellationToken stop) => Stop = stop;

    /// <summary>Cancelled where somebody ends the job, or the appliance stops.</summary>
    public CancellationToken Stop { get; }

    /// <summary>
    /// How much is done of how much; <paramref name="total"/> 0 where that is not known. <paramref name="unit"/>: what is counted, in the plural.
    /// </summary>
    public void Report(long done, long total, string unit = "bytes")
    {
        lock (_sync)
            (_done, _total, _unit) = (done, total, unit);
    }

    /// <summary>What the job is at, or what it has found: a sentence.</summary>
    public void Say(string message)
    {
        lock (_sync)
            _message = message;
    }

    /// <summary>What was said last.</summary>
    internal (long Done, long Total, string Unit, string? Message) Read()
    {
        lock (_sync)
            return (_done, _total, _unit, _message);
    }
}
