using System.Collections.Frozen;

namespace Lunaria.Iscsi.Login;

/// <summary>How two values of a key become one (RFC 7143 6.2 and 13).</summary>
internal enum ResultFunction
{
    /// <summary>Boolean: Yes only when both say so.</summary>
    And,
    /// <summary>Boolean: Yes when one says so.</summary>
    Or,
    /// <summary>Number: the smaller.</summary>
    Minimum,
    /// <summary>Number: the greater.</summary>
    Maximum,
    /// <summary>Number: the sender states a fact of its own, no answer.</summary>
    Declared,
    /// <summary>List: the first value of the initiator that this target knows.</summary>
    List,
    /// <summary>Text: the sender states a fact of its own, no answer.</summary>
    Text,
}

/// <summary>Where a key may be sent.</summary>
[Flags]
internal enum KeyScope
{
    /// <summary>In any login.</summary>
    Login = 0,
    /// <summary>Only in the login of the first connection of a session (LO).</summary>
    LeadingOnly = 1,
    /// <summary>Means something for normal sessions only: Irrelevant in a discovery session.</summary>
    NormalSession = 2,
    /// <summary>In text requests of the full feature phase, too.</summary>
    FullFeature = 4,
}

/// <summary>One key of RFC 7143 13: its result function, range, scope, default, and this target's own value.</summary>
internal sealed record NegotiationKey(string Name, ResultFunction Result, KeyScope Scope, long Min, long Max, string Default, string Own)
{
    public string[] OwnValues { get; } = Own.Split(',');
}

/// <summary>All operational keys as data. Own numbers here are upper (Minimum) or lower (Maximum) bounds of the result.</summary>
internal static class NegotiationTable
{
    private const long MaxLength = (1 << 24) - 1;
    private const KeyScope Session = KeyScope.LeadingOnly | KeyScope.NormalSession;

    private static readonly NegotiationKey[] Rows =
    [
        new("HeaderDigest", ResultFunction.List, KeyScope.NormalSession, 0, 0, "None", "CRC32C,None"),
        new("DataDigest", ResultFunction.List, KeyScope.NormalSession, 0, 0, "None", "CRC32C,None"),
        new("MaxConnections", ResultFunction.Minimum, Session, 1, 65535, "1", "16"),
        new("InitialR2T", ResultFunction.Or, Session, 0, 0, "Yes", "No"),
        new("ImmediateData", ResultFunction.And, Session, 0, 0, "Yes", "Yes"),
        new("MaxRecvDataSegmentLength", ResultFunction.Declared, KeyScope.FullFeature, 512, MaxLength, "8192", ""),
        new("MaxBurstLength", ResultFunction.Minimum, Session, 512, MaxLength, "262144", "1048576"),
        new("FirstBurstLength", ResultFunction.Minimum, Session, 512, MaxLength, "65536", "262144"),
        new("DefaultTime2Wait", ResultFunction.Maximum, KeyScope.LeadingOnly, 0, 3600, "2", "2"),
        new("DefaultTime2Retain", ResultFunction.Minimum, KeyScope.LeadingOnly, 0, 3600, "20", "20"),
        new("MaxOutstandingR2T", ResultFunction.Minimum, Session, 1, 65535, "1", "16"),
        new("DataPDUInOrder", ResultFunction.Or, Session, 0, 0, "Yes", "Yes"),
        new("DataSequenceInOrder", ResultFunction.Or, Session, 0, 0, "Yes", "Yes"),
        new("ErrorRecoveryLevel", ResultFunction.Minimum, KeyScope.LeadingOnly, 0, 2, "0", "2"),
        new("TaskReporting", ResultFunction.List, Session, 0, 0, "RFC3720", "RFC3720,ResponseFence,FastAbort"),
        new("iSCSIProtocolLevel", ResultFunction.Minimum, Session, 0, 31, "1", "2"),
        new("IFMarker", ResultFunction.And, KeyScope.Login, 0, 0, "No", "No"),
        new("OFMarker", ResultFunction.And, KeyScope.Login, 0, 0, "No", "No"),
        new("InitiatorName", ResultFunction.Text, KeyScope.Login, 0, 0, "", ""),
        new("InitiatorAlias", ResultFunction.Text, KeyScope.FullFeature, 0, 0, "", ""),
        new("TargetName", ResultFunction.Text, KeyScope.Login, 0, 0, "", ""),
        new("SessionType", ResultFunction.Text, KeyScope.LeadingOnly, 0, 0, "Normal", ""),
    ];

    /// <summary>Keys that only say something about another key which this target refuses (markers, RFC 7143 13.25).</summary>
    private static readonly FrozenSet<string> IrrelevantNames = new[] { "IFMarkInt", "OFMarkInt" }.ToFrozenSet();

    private static readonly FrozenDictionary<string, NegotiationKey> ByName = Rows.ToFrozenDictionary(row => row.Name);

    public static IReadOnlyList<NegotiationKey> Keys => Rows;

    public static NegotiationKey? Find(string name) => ByName.GetValueOrDefault(name);

    public static bool IsIrrelevant(string name) => IrrelevantNames.Contains(name);
}
