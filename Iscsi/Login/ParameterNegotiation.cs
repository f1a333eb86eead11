using System.Globalization;

namespace Lunaria.Iscsi.Login;

/// <summary>
/// Applies the <see cref="NegotiationTable"/> to the keys of one login or of one connection's text requests: collects results and
/// answers. Pure. Owned by one connection.
/// </summary>
internal sealed class ParameterNegotiation
{
    private const string Reject = "Reject";
    private const string Irrelevant = "Irrelevant";
    private const string NotUnderstood = "NotUnderstood";

    private Dictionary<string, string> results = [];
    private Dictionary<string, string>? before;
    private readonly HashSet<string> seen = [];

    /// <summary>The agreed value of <paramref name="name"/>, or its default.</summary>
    public string this[string name] => results.TryGetValue(name, out string? value) ? value : NegotiationTable.Find(name)!.Default;

    /// <summary>False in the login of a further connection of a session: it cannot negotiate what belongs to the session.</summary>
    public bool IsLeading { get; set; } = true;

    public int Number(string name) => int.Parse(this[name], CultureInfo.InvariantCulture);

    public bool Flag(string name) => this[name] == "Yes";

    /// <summary>
    /// Takes one key. False = it has been negotiated before, which is a protocol error (RFC 7143 6.3). Adds the answer, if one is due.
    /// </summary>
    public bool Take(string name, string value, bool discovery, List<KeyValuePair<string, string>> answer)
    {
        if (!seen.Add(name)) return false;
        if (NegotiationTable.Find(name) is not NegotiationKey key)
        {
            if (value is not (Reject or Irrelevant or NotUnderstood))
                answer.Add(new(name, NegotiationTable.IsIrrelevant(name) ? Irrelevant : NotUnderstood));
            return true;
        }
        if (key.Result == ResultFunction.Text)
        {
            results[name] = value;
            return true;
        }
        if ((discovery && key.Scope.HasFlag(KeyScope.NormalSession) && key.Result != ResultFunction.List)
            || (!IsLeading && key.Scope.HasFlag(KeyScope.LeadingOnly)))
        {
            answer.Add(new(name, Irrelevant));
            return true;
        }
        string? result = discovery && key.Result == ResultFunction.List ? key.Default : Combine(key, value);
        if (result is null)
        {
            answer.Add(new(name, Reject));
            return true;
        }
        results[name] = result;
        if (key.Result != ResultFunction.Declared) answer.Add(new(name, result));
        return true;
    }

    /// <summary>
    /// Lets declared keys be declared again: each sequence of text requests in the full feature phase is a negotiation of its own, and what one says that does not
    /// come to its <see cref="EndSequence"/> is not in force (RFC 7143 7.13).
    /// </summary>
    public void BeginSequence()
    {
        results = before ?? results;
        before = new(results);
        seen.Clear();
    }

    /// <summary>A sequence has ended well.</summary>
    public void EndSequence() => before = null;

    private static string? Combine(NegotiationKey key, string value)
    {
        switch (key.Result)
        {
            case ResultFunction.And or ResultFunction.Or:
                if (value is not ("Yes" or "No")) return null;
                bool offered = value == "Yes", own = key.Own == "Yes";
                return (key.Result == ResultFunction.And ? offered && own : offered || own) ? "Yes" : "No";
            case ResultFunction.List:
                foreach (string one in value.Split(','))
                    if (Array.IndexOf(key.OwnValues, one) >= 0)
                        return one;
                return null;
            default:
                if (!TryParseNumber(value, out long number) || number < key.Min || number > key.Max) return null;
                if (key.Result == ResultFunction.Minimum) number = Math.Min(number, long.Parse(key.Own, CultureInfo.InvariantCulture));
                if (key.Result == ResultFunction.Maximum) number = Math.Max(number, long.Parse(key.Own, CultureInfo.InvariantCulture));
                return number.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static bool TryParseNumber(string text, out long number) => text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
