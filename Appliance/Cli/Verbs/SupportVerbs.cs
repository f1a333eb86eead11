using System.CommandLine;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria support ...</c>.</summary>
internal static class SupportVerbs
{
    public static Command Create(VerbFactory verbs) => VerbFactory.Noun("support", "What helps to find out what is wrong.", Bundle(verbs));

    private static Command Bundle(VerbFactory verbs)
    {
        var output = new Option<string>("--output") { Description = "The file to write.", HelpName = "FILE", DefaultValueFactory = _ => "lunaria-support.zip" };
        return verbs.Create(
            "bundle",
            "Gather settings, state, events, audit log, metrics and messages in a zip file. No secret and no data of hosts is in it.",
            "support bundle --output support.zip",
            async call =>
            {
                var path = Path.GetFullPath(call.Get(output)!);
                try
                {
                    await using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
                    await call.Api.DownloadAsync("support/bundle", file);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    throw new VerbException(ExitCode.Failed, $"{path} cannot be written: {e.Message}");
                }

                await call.Output.WriteLineAsync($"wrote {path}");
            },
            [output]);
    }
}
