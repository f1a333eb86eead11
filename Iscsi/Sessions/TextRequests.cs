using System.Net;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// Text requests of the full feature phase (RFC 7143 11.10, 11.11): SendTargets and declarations, continued over several PDUs either way.
/// One sequence at a time. The connection's thread only.
/// </summary>
internal sealed class TextRequests(
    ServerContext server, Session session, SessionParameters parameters, ParameterNegotiation negotiation, PduSender sender, IPEndPoint local)
{
    private readonly TextAccumulator incoming = new(LoginEnvironment.MaxTextLengthBytes);
    private TextChunks? outgoing;
    private uint transferTag, taskTag;

    public void Handle(PduFrame frame)
    {
        BasicHeader header = frame.Basic;
        bool continues = header.TargetTransferTag != BasicHeader.ReservedTag;
        bool known = continues && header.TargetTransferTag == transferTag && transferTag != 0 && header.InitiatorTaskTag == taskTag;
        if ((continues && !known) || (header.Final && header.Continue) || !frame.IsComplete)
        {
            Fail(frame);
            return;
        }
        if (!continues)
        {
            // A new sequence drops what an old one has left (RFC 7143 11.10.4).
            Forget();
            taskTag = header.InitiatorTaskTag;
        }
        if (!incoming.TryAppend(frame.Data.Span)) throw new IscsiProtocolException("the text of a request is longer than this target takes");
        if (header.Continue)
        {
            Respond(header.InitiatorTaskTag, ReadOnlySpan<byte>.Empty, final: false, more: false);
            return;
        }
        if (outgoing is null)
        {
            List<KeyValuePair<string, string>> pairs = [], answer = [];
            if (!TextKeys.TryParse(incoming.Take(), pairs) || !Answer(pairs, answer))
            {
                Fail(frame);
                return;
            }
            outgoing = new(TextKeys.Format(answer));
        }
        ReadOnlyMemory<byte> text = outgoing.Next(Math.Min(parameters.PeerMaxRecvDataSegmentLength, sender.MaxDataLength));
        bool more = !outgoing.IsDone;
        if (!more) outgoing = null;
        Respond(header.InitiatorTaskTag, text.Span, final: header.Final && !more, more);
    }

    private bool Answer(List<KeyValuePair<string, string>> pairs, List<KeyValuePair<string, string>> answer)
    {
        foreach ((string name, string value) in pairs)
        {
            if (name == "SendTargets")
            {
                LoginIdentity who = session.Identity;
                if (!SendTargets.TryAnswer(value, server.Targets, who, target => server.AddressesOf(target, local), answer)) answer.Add(new(name, "Reject"));
                continue;
            }
            bool mayChange = NegotiationTable.Find(name) is not NegotiationKey key || key.Scope.HasFlag(KeyScope.FullFeature);
            if (!mayChange) answer.Add(new(name, "Reject"));
            else if (!negotiation.Take(name, value, session.Identity.IsDiscovery, answer)) return false;
        }
        return true;
    }

    /// <summary>The sequence has failed: what was said in it is not in force, and nothing continues it (RFC 7143 7.13).</summary>
    private void Fail(PduFrame frame)
    {
        Forget();
        sender.Reject(RejectReason.ProtocolError, frame.HeaderBytes);
    }

    private void Forget()
    {
        incoming.Take();
        outgoing = null;
        transferTag = 0;
        negotiation.BeginSequence();
    }

    private void Respond(uint initiatorTaskTag, ReadOnlySpan<byte> text, bool final, bool more)
    {
        if (final)
        {
            transferTag = 0;
            negotiation.EndSequence();
            parameters.PeerMaxRecvDataSegmentLength = negotiation.Number("MaxRecvDataSegmentLength");
        }
        else if (++transferTag is 0 or BasicHeader.ReservedTag) transferTag = 1;
        BasicHeader header = new(sender.Begin(Opcode.TextResponse, initiatorTaskTag, text.Length));
        header.Final = final;
        header.Continue = more;
        header.TargetTransferTag = final ? BasicHeader.ReservedTag : transferTag;
        text.CopyTo(sender.Data);
        sender.EndWithStatus();
    }
}
