namespace Lunaria.Iscsi.Login;

/// <summary>
/// Who may log in, and how he proves it. A target has a list of these; the entry with the initiator's own name counts, else the one
/// for anybody. Immutable.
/// </summary>
public sealed record InitiatorAccess
{
    /// <summary>The name that stands for every initiator.</summary>
    public const string AnyName = "*";

    /// <summary>Access for <paramref name="initiatorName"/>, without authentication unless <paramref name="chap"/> is given.</summary>
    /// <param name="initiatorName">iSCSI name, or <see cref="AnyName"/>.</param>
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

    /// <summary>iSCSI name in lower case, or <see cref="AnyName"/>.</summary>
    public string InitiatorName { get; }

    /// <summary>What the initiator must prove to know; null = no authentication.</summary>
    public ChapCredentials? Chap { get; }

    /// <summary>What the target proves to know.</summary>
    public ChapCredentials? Mutual { get; }

    internal static InitiatorAccess? Find(IReadOnlyList<InitiatorAccess> list, string initiatorName)
    {
        InitiatorAccess? anybody = null;
        foreach (InitiatorAccess access in list)
        {
            if (access.InitiatorName == initiatorName) return access;
            if (access.InitiatorName == AnyName) anybody ??= access;
        }
        return anybody;
    }
}
