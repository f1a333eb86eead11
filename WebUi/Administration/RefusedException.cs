namespace Lunaria.WebUi.Administration;

/// <summary>Why the administration refuses; each kind is one problem type and one HTTP status of the API (docs/API.md).</summary>
public enum RefusalKind
{
    /// <summary>A value is wrong; the field is named.</summary>
    Invalid,
    /// <summary>The thing is not there.</summary>
    NotFound,
    /// <summary>The thing is there already, but other than asked for.</summary>
    Exists,
    /// <summary>Something uses the thing; it is named.</summary>
    InUse,
    /// <summary>Somebody else is changing the thing right now.</summary>
    Busy,
    /// <summary>The thing is no longer what the caller saw (If-Match).</summary>
    Changed,
    /// <summary>Nobody has said who asks.</summary>
    Unauthenticated,
    /// <summary>Who asks may not do this.</summary>
    Forbidden,
    /// <summary>Too many attempts; later again.</summary>
    TooManyAttempts,
    /// <summary>The appliance starts, stops, or cannot do it for now.</summary>
    Unavailable,
    /// <summary>There is no such address in the API, or not with this method.</summary>
    NoSuchOperation,
    /// <summary>A defect of the appliance; the log has more.</summary>
    Defect,
}

/// <summary>
/// A request that cannot be met, for a reason the caller can understand and mend. The message names the thing, the cause and the remedy, and
/// never a secret. <paramref name="field"/>: the field of the request that is wrong, where it is one.
/// </summary>
public sealed class RefusedException(RefusalKind kind, string message, string? field = null) : Exception(message)
{
    /// <summary>Why.</summary>
    public RefusalKind Kind { get; } = kind;

    /// <summary>The field of the request that is wrong, or null.</summary>
    public string? Field { get; } = field;

    /// <summary>The value of a field by its rule; <see cref="RefusalKind.Invalid"/> with the field's name where it breaks it.</summary>
    internal static string Check(string field, string? value, Func<string, string> rule, bool secret = false)
    {
        // The elements of a list may be null, whatever their type says.
        if (value == null)
            throw new RefusedException(RefusalKind.Invalid, $"{field}: null is no value.", field);
        try
        {
            return rule(value);
        }
        catch (FormatException e)
        {
            var shown = value.Length <= 64 ? value : value[..64] + "...";
            throw new RefusedException(RefusalKind.Invalid, secret ? $"{field}: the value {e.Message}." : $"{field}: \"{shown}\" {e.Message}.", field);
        }
    }
}
