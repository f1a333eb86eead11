using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Lunaria.Iscsi.Login;

/// <summary>
/// The CHAP part of one login (RFC 7143 12.1.3): algorithm, challenge, verdict, and the answer to the initiator's own challenge.
/// Pure: text in, text out. Owned by one <see cref="LoginNegotiation"/>.
/// </summary>
internal sealed class ChapExchange(InitiatorAccess access)
{
    private ChapAlgorithm? algorithm;
    private byte identifier;
    private byte[] challenge = [];

    /// <summary>True once the initiator has proved its secret.</summary>
    public bool Succeeded { get; private set; }

    /// <summary>CHAP_A: chooses the algorithm and challenges the initiator. False = none in common, or out of turn.</summary>
    public LoginStatus Begin(string algorithms, List<KeyValuePair<string, string>> answer)
    {
        if (algorithm is not null) return LoginStatus.InitiatorError;
        algorithm = ChapAlgorithm.Choose(algorithms);
        if (algorithm is null) return LoginStatus.AuthenticationFailure;
        identifier = RandomNumberGenerator.GetBytes(1)[0];
        challenge = RandomNumberGenerator.GetBytes(algorithm.LengthBytes);
        answer.Add(new("CHAP_A", algorithm.Number.ToString(CultureInfo.InvariantCulture)));
        answer.Add(new("CHAP_I", identifier.ToString(CultureInfo.InvariantCulture)));
        answer.Add(new("CHAP_C", BinaryValue.Format(challenge, base64: false)));
        return LoginStatus.Success;
    }

    /// <summary>CHAP_N and CHAP_R, and with mutual authentication CHAP_I and CHAP_C.</summary>
    public LoginStatus Finish(IReadOnlyDictionary<string, string> keys, List<KeyValuePair<string, string>> answer)
    {
        if (algorithm is null || Succeeded) return LoginStatus.InitiatorError;
        if (!keys.TryGetValue("CHAP_N", out string? name) || !keys.TryGetValue("CHAP_R", out string? response))
            return LoginStatus.MissingParameter;
        ChapCredentials expected = access.Chap!;
        bool known = CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(expected.Name));
        byte[] right = algorithm.Respond(identifier, expected.Secret, challenge);
        bool proved = BinaryValue.TryParse(response, out byte[]? given) && CryptographicOperations.FixedTimeEquals(given, right);
        if (!known || !proved) return LoginStatus.AuthenticationFailure;
        if (keys.ContainsKey("CHAP_I") || keys.ContainsKey("CHAP_C"))
        {
            LoginStatus status = AnswerChallenge(keys, answer);
            if (status != LoginStatus.Success) return status;
        }
        Succeeded = true;
        return LoginStatus.Success;
    }

    private LoginStatus AnswerChallenge(IReadOnlyDictionary<string, string> keys, List<KeyValuePair<string, string>> answer)
    {
        if (!keys.TryGetValue("CHAP_I", out string? identifierText) || !keys.TryGetValue("CHAP_C", out string? challengeText))
            return LoginStatus.MissingParameter;
        if (access.Mutual is not ChapCredentials own) return LoginStatus.AuthenticationFailure;
        if (!byte.TryParse(identifierText, NumberStyles.None, CultureInfo.InvariantCulture, out byte theirIdentifier)
            || !BinaryValue.TryParse(challengeText, out byte[]? theirChallenge))
            return LoginStatus.InitiatorError;
        // A challenge that comes back would make this target compute the answer it waits for (RFC 7143 9.2.1).
        if (theirChallenge.AsSpan().SequenceEqual(challenge)) return LoginStatus.AuthenticationFailure;
        byte[] response = algorithm!.Respond(theirIdentifier, own.Secret, theirChallenge);
        answer.Add(new("CHAP_N", own.Name));
        answer.Add(new("CHAP_R", BinaryValue.Format(response, BinaryValue.IsBase64(challengeText))));
        return LoginStatus.Success;
    }
}
