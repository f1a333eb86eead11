using System.Net;
using Lunaria.Iscsi.Sessions;

namespace Lunaria.Iscsi.Login;

/// <summary>Who logs in where, as the first login request said. Immutable.</summary>
/// <param name="InitiatorName">iSCSI name, lower case.</param>
/// <param name="Address">Where it comes from.</param>
/// <param name="Isid">48 bits.</param>
/// <param name="ConnectionId">CID.</param>
/// <param name="Target">Null for a discovery session.</param>
/// <param name="Joins">The session that gets a further connection; null = the login begins a session.</param>
internal sealed record LoginIdentity(string InitiatorName, IPAddress Address, ulong Isid, ushort ConnectionId, IscsiTarget? Target, Session? Joins = null)
{
    public bool IsDiscovery => Target is null;
}
