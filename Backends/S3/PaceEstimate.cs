namespace Lunaria.Backends.S3;

/// <summary>
/// How long bytes are under way, followed from one request that moved many to the next: at once where it took longer, half of the way where not. It begins with the slowest pace that is
/// waited for. Owned by a lane; any thread, where a lost update does no harm.
/// </summary>
internal sealed class PaceEstimate(int slowestBytesPerSecond)
{
    // What is smaller tells more of how soon the store answers.
    private const int LeastBytes = 4 << 20;
    private double secondsPerByte = 1.0 / slowestBytesPerSecond;

    /// <summary>How long a request that moves so many bytes should take beside the store's own time.</summary>
    public TimeSpan For(int lengthBytes) => TimeSpan.FromSeconds(Volatile.Read(ref secondsPerByte) * lengthBytes);

    /// <summary>A request was answered.</summary>
    public void Add(int lengthBytes, TimeSpan took)
    {
        if (lengthBytes < LeastBytes)
            return;
        double now = Volatile.Read(ref secondsPerByte), seen = took.TotalSeconds / lengthBytes;
        Volatile.Write(ref secondsPerByte, Math.Max(seen, (now + seen) / 2));
    }
}
