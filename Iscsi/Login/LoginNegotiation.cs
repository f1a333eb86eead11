using System.Globalization;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Sessions;

namespace Lunaria.Iscsi.Login;

/// <summary>
/// The login phase of one connection as a pure state machine (RFC 7143 6.3): Login Requests in, Login Responses out, no I/O, no
/// clock. Owned by one connection and dropped when the full feature phase begins.
/// </summary>
internal sealed class LoginNegotiation(LoginEnvironment environment)
{
    // Until the login is complete the initiator's MaxRecvDataSegmentLength is the default (RFC 7143 13.12).
    private const int MaxResponseTextLength = 8192;

    private static readonly string[] IdentityKeys = ["InitiatorName", "InitiatorAlias", "TargetName", "SessionType"];

    private readonly ParameterNegotiation parameters = new();
    private readonly Dictionary<string, string> identityValues = [];
    private readonly TextAccumulator incoming = new(LoginEnvironment.MaxTextLengthBytes);
    private TextChunks? outgoing;
    private InitiatorAccess? access;
    private ChapExchange? chap;
    private bool authenticated, declared;
    private byte stage;
    private int rounds;
    private uint initiatorTaskTag;
    private ushort connectionId, tsih;
    private string? redirectTo;
    private ulong isid;

    /// <summary>Known after the first complete text.</summary>
    public LoginIdentity? Identity { get; private set; }

    /// <summary>The initiator as it calls itself, also where it is not let in; null before it has said so.</summary>
    public string? InitiatorName { get; private set; }

    /// <summary>The target that was asked for and is there; null in a discovery session, and before it is known.</summary>
    public string? TargetName { get; private set; }

    /// <summary>True where a login that ended with <paramref name="status"/> may have tried a name or a secret: who asks for a method that is not offered has not.</summary>
    public bool IsGuess(LoginStatus status) =>
        status == LoginStatus.AuthorizationFailure || (status == LoginStatus.AuthenticationFailure && access?.Chap is not null);

    /// <summary>The agreed values; final once a reply says <see cref="LoginOutcome.Complete"/>.</summary>
    public ParameterNegotiation Parameters => parameters;

    /// <summary>Handles one Login Request: its basic header and its data segment.</summary>
    public LoginReply Process(Span<byte> header, ReadOnlySpan<byte> data)
    {
        LoginRequestHeader request = new(header);
        LoginStatus status = CheckHeader(request);
        if (status != LoginStatus.Success) return LoginReply.Refuse(header, status);
        if (!incoming.TryAppend(data)) return LoginReply.Refuse(header, LoginStatus.InitiatorError);
        if (request.Continue) return Respond(request, transit: false, []);
        if (outgoing is not null)
        {
            // Between the parts of a long answer the initiator sends empty requests (RFC 7143 6.2).
            if (!incoming.IsEmpty) return LoginReply.Refuse(header, LoginStatus.InitiatorError);
            return Respond(request, request.Transit, []);
        }
        List<KeyValuePair<string, string>> pairs = [], answer = [];
        if (!TextKeys.TryParse(incoming.Take(), pairs)) return LoginReply.Refuse(header, LoginStatus.InitiatorError);
        status = ProcessText(request, pairs, answer, out bool mayTransit);
        if (status != LoginStatus.Success) return LoginReply.Refuse(header, status, redirectTo);
        return Respond(request, request.Transit && mayTransit, answer);
    }

    private LoginStatus CheckHeader(LoginRequestHeader request)
    {
        bool first = rounds++ == 0;
        if (rounds > environment.MaxRounds) return LoginStatus.InitiatorError;
        if (request.VersionMin > 0) return LoginStatus.UnsupportedVersion;
        if (first)
        {
            stage = request.CurrentStage;
            initiatorTaskTag = request.Basic.InitiatorTaskTag;
            connectionId = request.ConnectionId;
            tsih = request.Tsih;
            isid = request.Isid;
        }
        bool stageValid = request.CurrentStage == stage && stage <= (byte)LoginStage.OperationalNegotiation;
        bool nextValid = !request.Transit || (request.NextStage > stage && request.NextStage != 2 && !request.Continue);
        bool same = request.Basic.InitiatorTaskTag == initiatorTaskTag && request.ConnectionId == connectionId
            && request.Tsih == tsih && request.Isid == isid;
        return stageValid && nextValid && same ? LoginStatus.Success : LoginStatus.InitiatorError;
    }

    private LoginStatus ProcessText(
        LoginRequestHeader request, List<KeyValuePair<string, string>> pairs, List<KeyValuePair<string, string>> answer, out bool mayTransit)
    {
        mayTransit = false;
        Dictionary<string, string> keys = [];
        foreach ((string name, string value) in pairs)
            if (!keys.TryAdd(name, value))
                return LoginStatus.InitiatorError;
        if (Identity is null)
        {
            LoginStatus identified = Identify(keys, answer);
            if (identified != LoginStatus.Success) return identified;
        }
        if (!TakeIdentityKeys(keys)) return LoginStatus.InitiatorError;
        LoginStatus status = Authenticate(keys, answer);
        if (status != LoginStatus.Success) return status;
        foreach ((string name, string value) in keys)
            if (!IsSecurityKey(name) && !parameters.Take(name, value, Identity!.IsDiscovery, answer))
                return LoginStatus.InitiatorError;
        if (stage == (byte)LoginStage.SecurityNegotiation)
        {
            mayTransit = authenticated || (access!.Chap is null && chap is null);
            // An initiator that skips authentication where it is demanded asks in vain.
            if (request.Transit && !mayTransit && chap is null) return LoginStatus.AuthenticationFailure;
            return LoginStatus.Success;
        }
        if (!authenticated && access!.Chap is not null) return LoginStatus.AuthenticationFailure;
        if (!declared)
        {
            declared = true;
            answer.Add(new("MaxRecvDataSegmentLength", environment.MaxRecvDataSegmentLength.ToString(CultureInfo.InvariantCulture)));
        }
        mayTransit = true;
        return LoginStatus.Success;
    }

    private bool IsHeldBack(string targetName) => environment.BackOff is LoginBackOff backOff && backOff.Holds(environment.PeerAddress, targetName);

    /// <summary>The keys of the first request: who, where, what kind of session.</summary>
    private LoginStatus Identify(Dictionary<string, string> keys, List<KeyValuePair<string, string>> answer)
    {
        if (!keys.TryGetValue("InitiatorName", out string? initiator) || initiator.Length is 0 or > 223) return LoginStatus.MissingParameter;
        InitiatorName = initiator = initiator.ToLowerInvariant();
        if (!environment.IsReady) return LoginStatus.ServiceUnavailable;
        string sessionType = keys.GetValueOrDefault("SessionType", "Normal");
        if (sessionType == "Discovery")
        {
            if (tsih != 0) return LoginStatus.SessionDoesNotExist;
            if (IsHeldBack("")) return LoginStatus.ServiceUnavailable;
            access = InitiatorAccess.Find(environment.DiscoveryAccess, initiator, environment.PeerAddress);
            Identity = new(initiator, environment.PeerAddress, isid, connectionId, null);
            return access is null ? LoginStatus.AuthorizationFailure : LoginStatus.Success;
        }
        if (sessionType != "Normal") return LoginStatus.SessionTypeNotSupported;
        if (!keys.TryGetValue("TargetName", out string? targetName)) return LoginStatus.MissingParameter;
        if (environment.Targets.Find(targetName) is not IscsiTarget target) return environment.Targets.WhyNot(targetName);
        Session? joins = tsih == 0 ? null : target.Sessions.Find(initiator, isid, tsih);
        // A session keeps to one portal group (RFC 7143 4.4.1): here the target is another one, or none.
        if (!target.IsAt(environment.Local)) return joins is null ? LoginStatus.NotFound : LoginStatus.CannotIncludeInSession;
        TargetName = target.Name;
        if (IsHeldBack(target.Name)) return LoginStatus.ServiceUnavailable;
        access = InitiatorAccess.Find(target.Access, initiator, environment.PeerAddress);
        if (access is null) return LoginStatus.AuthorizationFailure;
        if (tsih == 0 && target.Redirect is LoginRedirect redirect)
        {
            redirectTo = redirect.Address;
            return redirect.IsPermanent ? LoginStatus.TargetMovedPermanently : LoginStatus.TargetMovedTemporarily;
        }
        if (tsih != 0 && joins is null) return LoginStatus.SessionDoesNotExist;
        Identity = new(initiator, environment.PeerAddress, isid, connectionId, target, joins);
        parameters.IsLeading = joins is null;
        answer.Add(new("TargetPortalGroupTag", target.Port.PortalGroupTag.ToString(CultureInfo.InvariantCulture)));
        if (target.Options.Alias is string alias) answer.Add(new("TargetAlias", alias));
        return LoginStatus.Success;
    }

    /// <summary>
    /// Takes the keys that say who and where out of a request. libiscsi repeats them in each stage: that is harmless, a change is not.
    /// </summary>
    private bool TakeIdentityKeys(Dictionary<string, string> keys)
    {
        foreach (string name in IdentityKeys)
        {
            if (!keys.Remove(name, out string? value)) continue;
            if (!identityValues.TryAdd(name, value) && identityValues[name] != value) return false;
        }
        return true;
    }

    private LoginStatus Authenticate(Dictionary<string, string> keys, List<KeyValuePair<string, string>> answer)
    {
        if (keys.TryGetValue("AuthMethod", out string? methods))
        {
            if (stage != (byte)LoginStage.SecurityNegotiation || authenticated || chap is not null) return LoginStatus.InitiatorError;
            string wanted = access!.Chap is null ? "None" : "CHAP";
            if (!methods.Split(',').Contains(wanted)) return LoginStatus.AuthenticationFailure;
            answer.Add(new("AuthMethod", wanted));
            if (wanted == "CHAP") chap = new(access);
            else authenticated = true;
        }
        bool begins = keys.TryGetValue("CHAP_A", out string? algorithms), answers = keys.ContainsKey("CHAP_R") || keys.ContainsKey("CHAP_N");
        if (!begins && !answers) return keys.ContainsKey("CHAP_C") || keys.ContainsKey("CHAP_I") ? LoginStatus.InitiatorError : LoginStatus.Success;
        if (chap is null || (begins && answers)) return LoginStatus.InitiatorError;
        LoginStatus status = begins ? chap.Begin(algorithms!, answer) : chap.Finish(keys, answer);
        authenticated = chap.Succeeded;
        return status;
    }

    private static bool IsSecurityKey(string name) => name == "AuthMethod" || name.StartsWith("CHAP_", StringComparison.Ordinal);

    private LoginReply Respond(LoginRequestHeader request, bool transit, List<KeyValuePair<string, string>> answer)
    {
        outgoing ??= new(TextKeys.Format(answer));
        ReadOnlyMemory<byte> text = outgoing.Next(MaxResponseTextLength);
        bool more = !outgoing.IsDone;
        if (!more) outgoing = null;
        transit &= !more;
        byte[] header = new byte[BasicHeader.LengthBytes];
        LoginResponseHeader response = new(header);
        response.Basic.Opcode = Opcode.LoginResponse;
        response.Transit = transit;
        response.Continue = more;
        response.CurrentStage = stage;
        response.NextStage = transit ? request.NextStage : (byte)0;
        response.Isid = isid;
        response.Tsih = tsih;
        response.Basic.InitiatorTaskTag = initiatorTaskTag;
        response.Basic.DataSegmentLengthBytes = text.Length;
        LoginOutcome outcome = LoginOutcome.Continue;
        if (transit)
        {
            stage = request.NextStage;
            if (stage == (byte)LoginStage.FullFeaturePhase) outcome = LoginOutcome.Complete;
        }
        return new(outcome, header, text);
    }
}
