using System.Net;

namespace Lunaria.Iscsi.Login;

/// <summary>
/// Who may log in from where, how he proves it, and which LUNs he may use. A target has a list of these; of the entries that match an initiator's name the
/// one that says most of it counts: its own name before <c>iqn.1998-01.com.vmware:*</c>, and that before <c>*</c>. Who comes from another address than that
/// entry says does not get in, whatever the others say. Immutable.
/// </summary>
public sealed record InitiatorAccess
{
    /// <summary>The name that stands for every initiator.</summary>
    public const string AnyName = "*";

    /// <summary>Access for <paramref name="initiatorName"/>, without authentication unless <paramref name="chap"/> is given.</summary>
    /// <param name="initiatorName">iSCSI name, or the beginning of one followed by *, or <see cref="AnyName"/>.</param>
    /// <param name="chap">What the initiator must prove to know; null = no authentication.</param>
    /// <param name="mutual">What this target proves to know when the initiator asks (mutual CHAP); needs <paramref name="chap"/>.</param>
    /// <exception cref="ArgumentException">Mutual without CHAP, or one secret for both directions (RFC 7143 12.1.3 forbids it).</exception>
    public InitiatorAccess(string initiatorName, ChapCredentials? chap = null, ChapCredentials? mutual = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(initiatorName);
        if (mutual is not null && chap is null)
            throw new ArgumentException($"Access of {initiatorName}: mutual CHAP needs credentials of the initiator, too.");
        if (mutual is not null && mutual.Secret.Equals(chap!.Secret))
            throw new ArgumentException($"Access of {initiatorName}: the two directions of CHAP need different secrets.");
        InitiatorName = initiatorName.ToLowerInvariant();
        Chap = chap;
        Mutual = mutual;
    }

    /// <summary>Everybody, without authentication.</summary>
    public static InitiatorAccess Anyone { get; } = new(AnyName);

    /// <summary>iSCSI name in lower case, or the beginning of one followed by *; that of none is <see cref="AnyName"/>.</summary>
    public string InitiatorName { get; }

    /// <summary>What the initiator must prove to know; null = no authentication.</summary>
    public ChapCredentials? Chap { get; }

    /// <summary>What the target proves to know.</summary>
    public ChapCredentials? Mutual { get; }

    /// <summary>Where he may come from; empty = from everywhere.</summary>
    public IReadOnlyList<AddressRange> Addresses { get; init; } = [];

    /// <summary>The LUNs that he may use, mapped or not; null = all. The others are not there for him.</summary>
    public IReadOnlySet<int>? Luns { get; init; }

    /// <summary>The entry of <paramref name="list"/> that lets an initiator in; null = none does.</summary>
    /// <param name="list">In any order.</param>
    /// <param name="initiatorName">iSCSI name in lower case.</param>
    /// <param name="address">Where he comes from.</param>
    public static InitiatorAccess? Find(IReadOnlyList<InitiatorAccess> list, string initiatorName, IPAddress address)
    {
        InitiatorAccess? best = null;
        foreach (InitiatorAccess access in list)
        {
            if (access.InitiatorName == initiatorName)
            {
                best = access;
                break;
            }
            if (access.Matches(initiatorName) && access.InitiatorName.Length > (best?.InitiatorName.Length ?? 0)) best = access;
        }
        return best is null || best.Addresses.Count == 0 || best.Addresses.Any(range => range.Contains(address)) ? best : null;
    }

    private bool Matches(string initiatorName) =>
        InitiatorName.EndsWith('*') ? initiatorName.AsSpan().StartsWith(InitiatorName.AsSpan(0, InitiatorName.Length - 1), StringComparison.Ordinal) : InitiatorName == initiatorName;
}
