namespace Lunaria.Iscsi.Login;

/// <summary>
/// Who may log in, and how he proves it. A target has a list of these; of the entries that match an initiator's name the one that says most of it
/// counts: its own name before <c>iqn.1998-01.com.vmware:*</c>, and that before <c>*</c>. Immutable.
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

    /// <summary>True where an initiator of that name, in lower case, is meant.</summary>
    public bool Matches(string initiatorName) =>
        InitiatorName.EndsWith('*') ? initiatorName.AsSpan().StartsWith(InitiatorName.AsSpan(0, InitiatorName.Length - 1), StringComparison.Ordinal) : InitiatorName == initiatorName;

    internal static InitiatorAccess? Find(IReadOnlyList<InitiatorAccess> list, string initiatorName)
    {
        InitiatorAccess? best = null;
        foreach (InitiatorAccess access in list)
        {
            if (access.InitiatorName == initiatorName) return access;
            if (access.Matches(initiatorName) && access.InitiatorName.Length > (best?.InitiatorName.Length ?? 0)) best = access;
        }
        return best;
    }
}
