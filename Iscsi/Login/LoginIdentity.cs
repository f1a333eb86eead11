namespace Lunaria.Iscsi.Login;

/// <summary>Who logs in where, as the first login request said. Immutable.</summary>
/// <param name="InitiatorName">iSCSI name, lower case.</param>
/// <param name="Isid">48 bits.</param>
/// <param name="ConnectionId">CID.</param>
/// <param name="Target">Null for a discovery session.</param>
internal sealed record LoginIdentity(string InitiatorName, ulong Isid, ushort ConnectionId, IscsiTarget? Target)
{
    public bool IsDiscovery => Target is null;
}
