namespace Lunaria.Iscsi.Isns;

/// <summary>Kinds of iSNS messages (RFC 4171 4.1.3); the answer to one has bit 15 set besides.</summary>
internal enum IsnsFunction : ushort
{
    Register = 0x0001,
    Query = 0x0002,
    Deregister = 0x0004,
    RegisterForChanges = 0x0005,

    /// <summary>State change notification: from the server.</summary>
    Change = 0x0008,

    /// <summary>Entity status inquiry: from the server.</summary>
    StatusInquiry = 0x000D,

    Response = 0x8000,
}

/// <summary>Tags of attributes (RFC 4171 6.1).</summary>
internal enum IsnsTag : uint
{
    Delimiter = 0,
    EntityIdentifier = 1,
    EntityProtocol = 2,
    RegistrationPeriod = 6,
    PortalAddress = 16,
    PortalPort = 17,
    StatusInquiryInterval = 19,
    StatusInquiryPort = 20,
    ChangePort = 23,
    NodeName = 32,
    NodeType = 33,
    NodeAlias = 34,
    ChangeBitmap = 35,
    PortalGroupNodeName = 48,
    PortalGroupAddress = 49,
    PortalGroupPort = 50,
    PortalGroupTag = 51,
}
