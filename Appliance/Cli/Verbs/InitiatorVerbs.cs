using System.CommandLine;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria initiator ...</c>.</summary>
internal static class InitiatorVerbs
{
    private const string Example = "iqn.1993-08.org.debian:01:host1";

    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "initiator",
        "Initiators: who may log in to a target, what he must prove, and which LUNs he may use.",
        Allow(verbs),
        Deny(verbs),
        Chap(verbs),
        Addresses(verbs),
        Luns(verbs),
        verbs.Create("list", "Who may log in to which target.", "initiator list", call =>
            call.ShowAsync(HttpMethod.Get, "initiators", ApiJson.Default.IReadOnlyListInitiatorView, initiators => Show(initiators, call.Output))));

    /// <summary>Initiators as a table.</summary>
    public static void Show(IEnumerable<InitiatorView> initiators, TextWriter output)
    {
        var table = new TextTable("TARGET", "INITIATOR", "CHAP USER", "MUTUAL USER", "FROM", "LUNS");
        foreach (var initiator in initiators)
            table.Add(
                initiator.Target,
                initiator.Initiator,
                initiator.ChapUser,
                initiator.MutualUser,
                initiator.Addresses.Count == 0 ? "everywhere" : string.Join(", ", initiator.Addresses),
                initiator.Luns == null ? "all" : initiator.Luns.Count == 0 ? "none" : string.Join(", ", initiator.Luns));
        table.Write(output);
    }

    private static Argument<string> Initiator => new("INITIATOR") { Description = "The host's iSCSI name; iqn.1998-01.com.vmware:* for all that begin so, * for everybody." };

    private static Command Allow(VerbFactory verbs)
    {
        var (target, initiator) = (TargetVerbs.Target, Initiator);
        return verbs.Create(
            "allow",
            "Let an initiator log in to a target.",
            $"initiator allow {TargetVerbs.Iqn} {Example}",
            call => call.ShowAsync(HttpMethod.Put, PathOf(call.Get(target), call.Get(initiator)), ApiJson.Default.InitiatorView, view => Show([view], call.Output)),
            [target, initiator]);
    }

    private static Command Deny(VerbFactory verbs)
    {
        var (target, initiator) = (TargetVerbs.Target, Initiator);
        return verbs.Create(
            "deny",
            "Let an initiator in no more, and close its sessions.",
            $"initiator deny {TargetVerbs.Iqn} {Example} --yes",
            call =>
            {
                call.Confirm($"{call.Get(initiator)} loses its disks of {call.Get(target)}.");
                return call.DoAsync(HttpMethod.Delete, PathOf(call.Get(target), call.Get(initiator)), $"denied {call.Get(initiator)}");
            },
            [target, initiator],
            asks: true);
    }

    private static Command Chap(VerbFactory verbs)
    {
        var (target, initiator) = (TargetVerbs.Target, Initiator);
        var user = new Option<string?>("--user") { Description = "The name the host gives. Its secret is asked for, or read from standard input.", HelpName = "NAME" };
        var mutual = new Option<string?>("--mutual-user") { Description = "The name the target gives; its secret is asked for next, or the second line.", HelpName = "NAME" };
        var none = new Option<bool>("--none") { Description = "The host need not prove anything any more." };
        return verbs.Create(
            "chap",
            "Set what an initiator must prove from its next log-in on.",
            $"initiator chap {TargetVerbs.Iqn} {Example} --user host1 < secret.txt",
            call =>
            {
                var path = $"{PathOf(call.Get(target), call.Get(initiator))}/chap";
                if (call.Get(none))
                    return call.ShowAsync(HttpMethod.Delete, path, ApiJson.Default.InitiatorView, view => Show([view], call.Output));
                if (call.Get(user) is not { } name)
                    throw new VerbException(ExitCode.WrongUsage, "chap needs --user NAME, or --none");
                var chap = new SetChap
                {
                    User = name,
                    Secret = VerbCall.ReadSecret("Secret of the host"),
                    MutualUser = call.Get(mutual),
                    MutualSecret = call.Get(mutual) == null ? null : VerbCall.ReadSecret("Secret of the target"),
                };
                return call.ShowAsync(HttpMethod.Put, path, chap, ApiJson.Default.SetChap, ApiJson.Default.InitiatorView, view => Show([view], call.Output));
            },
            [target, initiator, user, mutual, none]);
    }

    private static Command Addresses(VerbFactory verbs)
    {
        var (target, initiator) = (TargetVerbs.Target, Initiator);
        var addresses = new Argument<string[]>("ADDRESS") { Description = "Where it may come from: 10.1.2.3, 10.1.0.0/16, 2001:db8::/32. None: from everywhere.", Arity = ArgumentArity.ZeroOrMore };
        return verbs.Create(
            "addresses",
            "Set where an initiator may come from; its sessions from elsewhere end.",
            $"initiator addresses {TargetVerbs.Iqn} {Example} 10.1.0.0/16 127.0.0.1",
            call => call.ShowAsync(
                HttpMethod.Put,
                $"{PathOf(call.Get(target), call.Get(initiator))}/addresses",
                new SetAddresses { Addresses = call.Get(addresses) },
                ApiJson.Default.SetAddresses,
                ApiJson.Default.InitiatorView,
                view => Show([view], call.Output)),
            [target, initiator, addresses]);
    }

    private static Command Luns(VerbFactory verbs)
    {
        var (target, initiator) = (TargetVerbs.Target, Initiator);
        var luns = new Argument<int[]>("LUN") { Description = "The LUNs that it may use, mapped or not. None, and not --all: it sees no LUN.", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "It may use all LUNs, also those that are mapped later." };
        return verbs.Create(
            "luns",
            "Set which LUNs an initiator may use, at once; the others are not there for it.",
            $"initiator luns {TargetVerbs.Iqn} {Example} 0 3",
            call =>
            {
                var path = $"{PathOf(call.Get(target), call.Get(initiator))}/luns";
                return call.Get(all)
                    ? call.ShowAsync(HttpMethod.Delete, path, ApiJson.Default.InitiatorView, view => Show([view], call.Output))
                    : call.ShowAsync(HttpMethod.Put, path, new SetLuns { Luns = call.Get(luns) }, ApiJson.Default.SetLuns, ApiJson.Default.InitiatorView, view => Show([view], call.Output));
            },
            [target, initiator, luns, all]);
    }

    private static string PathOf(string target, string initiator) => $"targets/{VerbCall.Part(target)}/initiators/{VerbCall.Part(initiator)}";
}
