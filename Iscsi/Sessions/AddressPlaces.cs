using System.Net;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// How many connections an address may have. Each has a place from its begin, or, where all are taken, waits in the doorway until its login is over: only then is it known
/// whether it comes for another. Owned by the <see cref="ConnectionRegistry"/> and guarded by its lock.
/// </summary>
internal sealed class AddressPlaces(int mostOfAddress)
{
    /// <summary>Connections of one address in the doorway; a further one shows the oldest out.</summary>
    private const int MaxInDoorway = 16;

    private readonly Dictionary<ConnectionInbox, IPAddress> holders = [];
    private readonly Dictionary<IPAddress, int> taken = [];
    private readonly List<(ConnectionInbox Inbox, IPAddress Address)> doorway = [];

    /// <summary>A connection begins. Returns who has to leave the doorway for it; null = nobody.</summary>
    public ConnectionInbox? Enter(ConnectionInbox connection, IPAddress address)
    {
        if (TryTake(connection, address)) return null;
        doorway.Add((connection, address));
        if (doorway.Count(one => one.Address.Equals(address)) <= MaxInDoorway) return null;
        ConnectionInbox oldest = doorway.Find(one => one.Address.Equals(address)).Inbox;
        doorway.RemoveAll(one => one.Inbox == oldest);
        return oldest;
    }

    /// <summary>Its login is over: true = it has a place now, its own or that of one of <paramref name="replaced"/>.</summary>
    public bool TryLogIn(ConnectionInbox connection, IReadOnlyCollection<ConnectionInbox> replaced)
    {
        if (holders.ContainsKey(connection)) return true;
        (ConnectionInbox? waits, IPAddress address) = doorway.Find(one => one.Inbox == connection);
        if (waits is null) return false;
        if (!TryTake(connection, address))
        {
            if (replaced.FirstOrDefault(one => address.Equals(holders.GetValueOrDefault(one))) is not ConnectionInbox leaver) return false;
            holders.Remove(leaver);
            holders.Add(connection, address);
        }
        doorway.RemoveAll(one => one.Inbox == connection);
        return true;
    }

    /// <summary>The connection is gone.</summary>
    public void Leave(ConnectionInbox connection)
    {
        doorway.RemoveAll(one => one.Inbox == connection);
        if (holders.Remove(connection, out IPAddress? address) && --taken[address] == 0) taken.Remove(address);
    }

    private bool TryTake(ConnectionInbox connection, IPAddress address)
    {
        int count = taken.GetValueOrDefault(address);
        if (count >= mostOfAddress) return false;
        holders.Add(connection, address);
        taken[address] = count + 1;
        return true;
    }
}
