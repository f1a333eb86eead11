using System.CommandLine;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria target ...</c>.</summary>
internal static class TargetVerbs
{
    /// <summary>The name that the examples use.</summary>
    public const string Iqn = "iqn.2026-11.com.example:disks";

    /// <summary>The target that a verb is about.</summary>
    public static Argument<string> Target => new("TARGET") { Description = "The target's iSCSI name." };

    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "target",
        "Targets: what hosts log in to.",
        CreateTarget(verbs),
        verbs.Create("list", "All targets.", "target list", call =>
            call.ShowAsync(HttpMethod.Get, "targets", ApiJson.Default.IReadOnlyListTargetView, targets => Show(targets, call.Output))),
        ShowTarget(verbs),
        Portals(verbs),
        Redirect(verbs),
        DeleteTarget(verbs));

    private static Command CreateTarget(VerbFactory verbs)
    {
        var target = Target;
        var initiators = new Option<string[]>("--initiator")
        {
            Description = "Who may log in: an iSCSI name, or * for everybody; may be given several times. Nobody where left out.",
            HelpName = "NAME",
        };
        return verbs.Create(
            "create",
            "Create a target. One that is there with the same initiators is fine.",
            $"target create {Iqn} --initiator '*'",
            call => call.ShowAsync(
                HttpMethod.Post,
                "targets",
                new CreateTarget { Iqn = call.Get(target), Initiators = call.Get(initiators) ?? [] },
                ApiJson.Default.CreateTarget,
                ApiJson.Default.TargetView,
                view => Show([view], call.Output)),
            [target, initiators]);
    }

    private static Command ShowTarget(VerbFactory verbs)
    {
        var target = Target;
        return verbs.Create(
            "show",
            "One target with its LUNs and initiators.",
            $"target show {Iqn}",
            call => call.ShowAsync(HttpMethod.Get, $"targets/{VerbCall.Part(call.Get(target))}", ApiJson.Default.TargetView, view =>
            {
                Show([view], call.Output);
                LunVerbs.Show(view.Luns, call.Output);
                InitiatorVerbs.Show(view.Initiators, call.Output);
            }),
            [target]);
    }

    private static Command DeleteTarget(VerbFactory verbs)
    {
        var target = Target;
        var force = new Option<bool>("--force") { Description = "Also where hosts are logged in: they lose their disks." };
        return verbs.Create(
            "delete",
            "Delete a target with its LUNs; the volumes stay.",
            $"target delete {Iqn} --yes",
            call =>
            {
                call.Confirm($"{call.Get(target)} and its LUNs go; the volumes stay.");
                return call.DoAsync(HttpMethod.Delete, $"targets/{VerbCall.Part(call.Get(target))}?force={(call.Get(force) ? "true" : "false")}", $"deleted {call.Get(target)}");
            },
            [target, force],
            asks: true);
    }

    private static Command Portals(VerbFactory verbs)
    {
        var target = Target;
        var portals = new Argument<string[]>("PORTAL") { Description = "ADDRESS:PORT of a portal of the appliance. None: all.", Arity = ArgumentArity.ZeroOrMore };
        var group = new Option<int>("--group") { Description = "Tag of the portal group that they are, 1 to 65535.", HelpName = "TAG", DefaultValueFactory = _ => 1 };
        var force = new Option<bool>("--force") { Description = "Also where hosts are logged in: their sessions end." };
        return verbs.Create(
            "portals",
            "Show a target on some portals only.",
            $"target portals {Iqn} --group 2 127.0.0.1:3260",
            call => call.ShowAsync(
                HttpMethod.Put,
                $"targets/{VerbCall.Part(call.Get(target))}/portals?force={(call.Get(force) ? "true" : "false")}",
                new SetTargetPortals { Portals = call.Get(portals), Group = call.Get(group) },
                ApiJson.Default.SetTargetPortals,
                ApiJson.Default.TargetView,
                view => Show([view], call.Output)),
            [target, portals, group, force]);
    }

    private static Command Redirect(VerbFactory verbs)
    {
        var target = Target;
        var address = new Argument<string?>("ADDRESS") { Description = "HOST:PORT to log in to instead.", Arity = ArgumentArity.ZeroOrOne };
        var permanent = new Option<bool>("--permanent") { Description = "Hosts may remember it; else they ask here again next time." };
        var move = new Option<bool>("--move") { Description = "Ask hosts that are logged in to log out, so that they come again and are sent there; else their sessions stay." };
        var none = new Option<bool>("--none") { Description = "Let hosts in here again." };
        return verbs.Create(
            "redirect",
            "Send hosts that log in to a target elsewhere.",
            $"target redirect {Iqn} 192.0.2.1:3260",
            call =>
            {
                var path = $"targets/{VerbCall.Part(call.Get(target))}/redirect";
                if (call.Get(none))
                    return call.ShowAsync(HttpMethod.Delete, path, ApiJson.Default.TargetView, view => Show([view], call.Output));
                return call.ShowAsync(
                    HttpMethod.Put,
                    path,
                    new SetRedirect { Address = call.Get(address) ?? throw new VerbException(ExitCode.WrongUsage, "redirect needs HOST:PORT, or --none"), Permanent = call.Get(permanent), Move = call.Get(move) },
                    ApiJson.Default.SetRedirect,
                    ApiJson.Default.TargetView,
                    view => Show([view], call.Output));
            },
            [target, address, permanent, move, none]);
    }

    private static void Show(IEnumerable<TargetView> targets, TextWriter output)
    {
        var table = new TextTable("TARGET", "LUNS", "INITIATORS", "SESSIONS", "PORTALS", "REDIRECT");
        foreach (var target in targets)
        {
            table.Add(
                target.Iqn,
                $"{target.Luns.Count}",
                string.Join(", ", target.Initiators.Select(initiator => initiator.Initiator)),
                $"{target.Sessions}",
                $"{(target.Portals.Count == 0 ? "all" : string.Join(", ", target.Portals))} (group {target.PortalGroup})",
                target.Redirect == null ? "" : $"{target.Redirect.Address}{(target.Redirect.Permanent ? ", for good" : "")}");
        }

        table.Write(output, "LUNS", "SESSIONS");
    }
}
