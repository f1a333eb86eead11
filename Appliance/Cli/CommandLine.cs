using System.CommandLine;
using System.CommandLine.Parsing;
using Lunaria.Appliance.Cli.Verbs;

namespace Lunaria.Appliance.Cli;

/// <summary>
/// The command line: a list of verbs, each in a file of its own. <c>run</c> is what is meant where no verb is given. Stateless; used once
/// by the program, and by tests.
/// </summary>
internal static class CommandLine
{
    /// <summary>Parses and runs; the exit code. Errors go to <paramref name="error"/>, one a line.</summary>
    public static async Task<int> InvokeAsync(string[] args, TextWriter output, TextWriter error)
    {
        var parsed = CreateRoot().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (var wrong in FindFaults(parsed))
                await error.WriteLineAsync($"lunaria: {wrong}");
            await error.WriteLineAsync($"lunaria: see lunaria {VerbOf(parsed.CommandResult)}--help");
            return ExitCode.WrongUsage;
        }

        // The appliance stops by its own rules (RunCommand), so the library's signal handling is off.
        return await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error, ProcessTerminationTimeout = null });
    }

    // A noun without a verb, or with none that there is, lacks the list of its verbs most.
    private static IEnumerable<string> FindFaults(ParseResult parsed) => parsed.CommandResult.Command is { Action: null } noun
        ? [$"{(parsed.UnmatchedTokens is [var word, ..] ? $"{word} is no verb of {noun.Name}" : $"{noun.Name} needs a verb")}: {string.Join(", ", noun.Subcommands.Select(verb => verb.Name))}"]
        : parsed.Errors.Select(wrong => wrong.Message);

    // "volume clone ", or nothing of the program itself.
    private static string VerbOf(CommandResult verb) => verb.Parent is CommandResult parent ? $"{VerbOf(parent)}{verb.Command.Name} " : "";

    /// <summary>All verbs.</summary>
    internal static RootCommand CreateRoot()
    {
        var configuration = new ConfigurationOptions();
        var verbs = new VerbFactory(new ServerOptions(configuration));
        var run = RunCommand.Create(configuration);
        var root = new RootCommand("Lunaria: thin-provisioned disks over iSCSI. Without a verb: run.")
        {
            run,
            CheckCommand.Create(configuration),
            FsckCommand.Create(configuration),
            ImportCommand.Create(configuration),
            RecoveryKeyCommand.Create(configuration),
            SchemaCommand.Create(),
            VersionCommand.Create(),
            CompletionCommand.Create(),
            StatusVerb.Create(verbs),
            VolumeVerbs.Create(verbs),
            CacheVerbs.Create(verbs),
            SnapshotVerbs.Create(verbs),
            ScheduleVerbs.Create(verbs),
            TargetVerbs.Create(verbs),
            LunVerbs.Create(verbs),
            InitiatorVerbs.Create(verbs),
            SessionVerbs.Create(verbs),
            JobVerbs.Create(verbs),
            IntegrityVerbs.Collection(verbs),
            IntegrityVerbs.Verification(verbs),
            IntegrityVerbs.Backup(verbs),
            PoolVerbs.Create(verbs),
            WatermarkVerbs.Create(verbs),
            EncryptionVerbs.Create(verbs),
            BackendVerbs.Create(verbs),
            EventVerbs.Create(verbs),
            SystemVerbs.Settings(verbs),
            SystemVerbs.Audit(verbs),
            SupportVerbs.Create(verbs),
            AccountVerbs.Passwd(verbs),
            AccountVerbs.Users(verbs),
            AccountVerbs.Tokens(verbs),
        };
        configuration.AddTo(root);
        root.Action = run.Action;
        return root;
    }
}
