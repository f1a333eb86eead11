using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Login;

/// <summary>What follows a login request.</summary>
internal enum LoginOutcome
{
    /// <summary>Send the response, wait for the next request.</summary>
    Continue,
    /// <summary>The login is complete: make the session, put its TSIH into the response, send it, enter the full feature phase.</summary>
    Complete,
    /// <summary>Send the response, close the connection.</summary>
    Failed,
}

/// <summary>One Login Response: header without StatSN, CmdSN window and TSIH, which are the connection's, and its text.</summary>
internal sealed class LoginReply(LoginOutcome outcome, byte[] header, ReadOnlyMemory<byte> text)
{
    public LoginOutcome Outcome { get; } = outcome;
    public byte[] Header { get; } = header;
    public ReadOnlyMemory<byte> Text { get; } = text;
    public LoginStatus Status => (LoginStatus)new LoginResponseHeader(Header).Status;

    /// <summary>
    /// The refusal of a login, in answer to the request with <paramref name="requestHeader"/>; with <paramref name="targetAddress"/> it says where to log in.
    /// </summary>
    public static LoginReply Refuse(Span<byte> requestHeader, LoginStatus status, string? targetAddress = null)
    {
        LoginRequestHeader request = new(requestHeader);
        byte[] header = new byte[BasicHeader.LengthBytes];
        LoginResponseHeader response = new(header);
        response.Basic.Opcode = Opcode.LoginResponse;
        response.CurrentStage = request.CurrentStage;
        response.Isid = request.Isid;
        response.Tsih = request.Tsih;
        response.Basic.InitiatorTaskTag = request.Basic.InitiatorTaskTag;
        response.Status = (ushort)status;
        return new(LoginOutcome.Failed, header, targetAddress is null ? ReadOnlyMemory<byte>.Empty : TextKeys.Format([new("TargetAddress", targetAddress)]));
    }
}
