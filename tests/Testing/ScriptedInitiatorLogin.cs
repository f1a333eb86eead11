using System.Text;
using Lunaria.Iscsi.Pdu;

namespace Lunaria.Testing;

/// <summary>Logins of the <see cref="ScriptedInitiator"/>.</summary>
internal static class ScriptedInitiatorLogin
{
    /// <summary>Sends one Login Request.</summary>
    public static ReceivedPdu LoginRound(
        this ScriptedInitiator initiator, LoginStage current, LoginStage? next, params ReadOnlySpan<(string Key, string Value)> keys)
    {
        initiator.SendLogin(current, next, keys);
        return initiator.Receive(Opcode.LoginResponse);
    }

    /// <summary>Sends one Login Request and waits for nothing.</summary>
    public static void SendLogin(
        this ScriptedInitiator initiator, LoginStage current, LoginStage? next, params ReadOnlySpan<(string Key, string Value)> keys)
    {
        byte[] bytes = initiator.NewHeader(Opcode.LoginRequest, immediate: true);
        LoginRequestHeader header = new(bytes)
        {
            Transit = next is not null,
            CurrentStage = (byte)current,
            NextStage = (byte)(next ?? 0),
            Isid = initiator.Isid,
            ConnectionId = initiator.ConnectionId,
            Tsih = initiator.Tsih,
        };
        header.Basic.InitiatorTaskTag = 1;
        initiator.Send(bytes, Text(keys));
    }

    /// <summary>A direct login into the operational stage and on to the full feature phase; switches the agreed digests on.</summary>
    public static Dictionary<string, string> Login(this ScriptedInitiator initiator, string target, params ReadOnlySpan<(string Key, string Value)> keys)
    {
        List<(string, string)> all = [("InitiatorName", initiator.InitiatorName), ("SessionType", "Normal"), ("TargetName", target), .. keys];
        return initiator.Finish(initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, [.. all]));
    }

    public static Dictionary<string, string> LoginDiscovery(this ScriptedInitiator initiator) => initiator.Finish(initiator.LoginRound(
        LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, ("InitiatorName", initiator.InitiatorName), ("SessionType", "Discovery")));

    /// <summary>Keys of a text or login response.</summary>
    public static Dictionary<string, string> Keys(this ReceivedPdu pdu)
    {
        List<KeyValuePair<string, string>> pairs = [];
        if (!TextKeys.TryParse(pdu.Data, pairs)) throw new InvalidDataException("The text of the target is malformed.");
        return new(pairs);
    }

    public static ushort Status(this ReceivedPdu login) => new LoginResponseHeader(login.Header).Status;

    private static Dictionary<string, string> Finish(this ScriptedInitiator initiator, ReceivedPdu response)
    {
        if (response.Status() != 0) throw new InvalidOperationException($"The login failed with status {response.Status():x4}.");
        initiator.Tsih = new LoginResponseHeader(response.Header).Tsih;
        Dictionary<string, string> answer = response.Keys();
        initiator.HeaderDigest = answer.GetValueOrDefault("HeaderDigest") == "CRC32C";
        initiator.DataDigest = answer.GetValueOrDefault("DataDigest") == "CRC32C";
        return answer;
    }

    public static byte[] Text(params ReadOnlySpan<(string Key, string Value)> keys)
    {
        StringBuilder text = new();
        foreach ((string key, string value) in keys) text.Append(key).Append('=').Append(value).Append('\0');
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
