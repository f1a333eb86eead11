using Lunaria.Volumes.Check;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Map;

namespace Lunaria.Volumes.Lines;

/// <summary>
/// Brings lines back from quarantine: puts map.db right as far as what is whole proves what was there, then applies what was published for the line meanwhile. Its work runs in the
/// destager's loop, which alone changes the map; it is asked for by any thread.
/// </summary>
internal sealed class LineRecovery(Publisher publisher, Metadata.MetadataDatabase metadata, Signal bell)
{
    private readonly Requests<uint> _asked = new(bell);

    /// <summary>True where <see cref="RunAsync"/> should be called.</summary>
    public bool HasWork => _asked.Any;

    /// <summary>Complete = the line is as it has to be. InvalidDataException, with what is left of the damage, where it cannot be put right.</summary>
    public Task RecoverAsync(uint line) => _asked.AskAsync(line);

    /// <summary>Does what is asked for.</summary>
    public async ValueTask RunAsync(CancellationToken cancellation)
    {
        foreach (Requests<uint>.Request asked in _asked.TakeAll())
        {
            try
            {
                await publisher.RecoverAsync(asked.What, metadata, cancellation);
                asked.Answer(null);
            }
            catch (Exception e) when (e is MapDamageException or InvalidDataException or InvalidOperationException or ArgumentException or IndexOutOfRangeException or Backend.ObjectStoreException)
            {
                asked.Answer(new InvalidDataException($"The volume cannot be brought back: {e.Message}", e));
            }
        }
    }

    /// <summary>The destager has ended: nothing is recovered any more.</summary>
    public void Stop(Exception end) => _asked.End(end);
}
