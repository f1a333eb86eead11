namespace Lunaria.Iscsi.Pdu;

/// <summary>32-bit serial number arithmetic (RFC 1982) for CmdSN, StatSN and DataSN: numbers wrap, order is relative.</summary>
internal static class SerialNumber
{
    /// <summary>True when <paramref name="left"/> comes before <paramref name="right"/>.</summary>
    public static bool IsBefore(uint left, uint right) => unchecked((int)(left - right)) < 0;

    /// <summary>True when <paramref name="first"/> &lt;= <paramref name="value"/> &lt;= <paramref name="last"/>; an empty window has last = first - 1.</summary>
    public static bool IsInWindow(uint value, uint first, uint last) => !IsBefore(value, first) && !IsBefore(last, value);
}
