using System.Net;

namespace Lunaria.Iscsi.Login;

/// <summary>Counts the logins that were refused. Owned by the server; any thread.</summary>
internal sealed class RefusedLogins
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<ushort, long> byStatus = [];
    private LoginRefusal? last;

    /// <summary>The last one; null before the first.</summary>
    public LoginRefusal? Last => Volatile.Read(ref last);

    public void Add(DateTimeOffset when, IPAddress address, string? initiatorName, string? targetName, LoginStatus status)
    {
        lock (gate) byStatus[(ushort)status] = byStatus.GetValueOrDefault((ushort)status) + 1;
        Volatile.Write(ref last, new(when, address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, initiatorName, targetName, (ushort)status, status.ToString()));
    }

    /// <summary>How many, by status class and detail.</summary>
    public IReadOnlyDictionary<ushort, long> Count()
    {
        lock (gate) return new SortedDictionary<ushort, long>(byStatus);
    }
}
