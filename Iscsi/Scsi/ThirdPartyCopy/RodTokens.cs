using System.Security.Cryptography;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>
/// The ROD tokens of a server: its targets are one copy manager, so a token made through one is good at all. A token that is not used for its
/// inactivity timeout is gone. Owned by the <see cref="Units.UnitDirectory"/>. Any thread.
/// </summary>
internal sealed class RodTokens(TimeProvider time)
{
    private static readonly TimeSpan sweepInterval = TimeSpan.FromSeconds(10);

    private readonly Lock sync = new();
    private readonly Dictionary<ulong, Rod> rods = [];
    private ulong lastId;
    private ITimer? sweep;

    /// <summary>An identifier for a new token.</summary>
    public ulong NextId() => Interlocked.Increment(ref lastId);

    /// <summary>Adds a ROD; false where there are too many.</summary>
    public bool TryAdd(Rod rod)
    {
        lock (sync)
        {
            Sweep();
            if (rods.Count >= CopyLimits.MaxTokens) return false;
            rod.LastUse = time.GetTimestamp();
            rods.Add(rod.Id, rod);
            // One timer, so that a unit whose tokens are out of date is soon without any.
            sweep ??= time.CreateTimer(_ => Tick(), null, sweepInterval, Timeout.InfiniteTimeSpan);
            return true;
        }
    }

    /// <summary>Begins a use of a token that a host has sent; null with <paramref name="refusal"/> where it is none, or not any more.</summary>
    public Rod? Use(ReadOnlySpan<byte> token, bool delete, out SenseData refusal)
    {
        refusal = default;
        if (RodToken.Length(token) != RodToken.BodyBytes)
        {
            refusal = SenseCodes.InvalidTokenLength;
            return null;
        }

        if (RodToken.Type(token) != RodToken.ChangeVulnerable)
        {
            refusal = SenseCodes.UnsupportedTokenType;
            return null;
        }

        lock (sync)
        {
            Sweep();
            if (!rods.TryGetValue(RodToken.Id(token), out Rod? rod) || !CryptographicOperations.FixedTimeEquals(rod.Token, token))
            {
                refusal = SenseCodes.TokenUnknown;
                return null;
            }

            if (delete) Remove(rod);
            if (rod.Revoked)
            {
                refusal = SenseCodes.TokenRevoked;
                return null;
            }

            rod.Users++;
            return rod;
        }
    }

    /// <summary>Ends a use.</summary>
    public void Done(Rod rod)
    {
        lock (sync)
        {
            rod.Users--;
            rod.LastUse = time.GetTimestamp();
            // A use that deletes its token keeps the ROD until the data is copied.
            if (rod.Users == 0 && !rods.ContainsKey(rod.Id)) rod.Unit.Rods.Remove(rod);
        }
    }

    /// <summary>The management tokens of the RODs of a unit.</summary>
    public IReadOnlyList<byte[]> Of(LogicalUnit unit)
    {
        lock (sync)
        {
            Sweep();
            return [.. rods.Values.Where(rod => rod.Unit == unit && !rod.Revoked).Select(rod => rod.Token[..RodToken.ManagementBytes])];
        }
    }

    private void Tick()
    {
        lock (sync)
        {
            Sweep();
            sweep?.Change(sweepInterval, Timeout.InfiniteTimeSpan);
        }
    }

    private void Sweep()
    {
        foreach (Rod rod in rods.Values.Where(rod => rod.Users == 0 && time.GetElapsedTime(rod.LastUse) > rod.Inactivity).ToArray()) Remove(rod);
        if (rods.Count > 0) return;
        sweep?.Dispose();
        sweep = null;
    }

    private void Remove(Rod rod)
    {
        rods.Remove(rod.Id);
        if (rod.Users == 0) rod.Unit.Rods.Remove(rod);
    }
}
