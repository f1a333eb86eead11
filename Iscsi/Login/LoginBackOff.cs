using System.Net;
using System.Net.Sockets;

namespace Lunaria.Iscsi.Login;

/// <summary>
/// Slows down who guesses: after some logins in a row that failed to prove who they are, further ones of the same address to the same target are held back, each time
/// twice as long. A host with one wrong secret so keeps its other targets. Of IPv6 addresses the first 64 bits count, since a host has all the others. The table is
/// bounded: the oldest go first. Owned by the server; any thread.
/// </summary>
internal sealed class LoginBackOff(TimeProvider time)
{
    /// <summary>Failures that cost nothing.</summary>
    public const int FreeFailures = 5;

    /// <summary>Most pairs of address and target that are remembered.</summary>
    public const int MaxEntries = 4096;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1), LongestWait = TimeSpan.FromMinutes(1), Memory = TimeSpan.FromMinutes(10);

    private readonly Lock gate = new();
    private readonly Dictionary<(IPAddress Network, string Target), LinkedListNode<Entry>> entries = [];
    private readonly LinkedList<Entry> oldestFirst = new();

    /// <summary>Pairs that are remembered now.</summary>
    public int Count
    {
        get
        {
            lock (gate) return entries.Count;
        }
    }

    /// <summary>True while logins from <paramref name="address"/> to <paramref name="target"/> ("" = discovery) are held back.</summary>
    public bool Holds(IPAddress address, string target)
    {
        lock (gate) return entries.TryGetValue((NetworkOf(address), target), out LinkedListNode<Entry>? known) && time.GetElapsedTime(known.Value.LastFailure) < known.Value.Wait;
    }

    /// <summary>A login has failed to prove who it is.</summary>
    public void Failed(IPAddress address, string target)
    {
        long now = time.GetTimestamp();
        (IPAddress, string) key = (NetworkOf(address), target);
        lock (gate)
        {
            int failures = 1;
            if (entries.Remove(key, out LinkedListNode<Entry>? known))
            {
                oldestFirst.Remove(known);
                if (time.GetElapsedTime(known.Value.LastFailure, now) < Memory) failures += known.Value.Failures;
            }
            entries.Add(key, oldestFirst.AddLast(new Entry(key, failures, now)));
            while (oldestFirst.First is { } oldest && (entries.Count > MaxEntries || time.GetElapsedTime(oldest.Value.LastFailure, now) >= Memory))
            {
                entries.Remove(oldest.Value.Key);
                oldestFirst.RemoveFirst();
            }
        }
    }

    private static IPAddress NetworkOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork) return address;
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new(bytes);
    }

    private sealed record Entry((IPAddress Network, string Target) Key, int Failures, long LastFailure)
    {
        public TimeSpan Wait => Failures <= FreeFailures ? TimeSpan.Zero
            : TimeSpan.FromSeconds(Math.Min(LongestWait.TotalSeconds, FirstWait.TotalSeconds * Math.Pow(2, Failures - FreeFailures - 1)));
    }
}
