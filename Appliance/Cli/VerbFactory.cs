using System.CommandLine;
using System.CommandLine.Parsing;
using Lunaria.Appliance.Settings;

namespace Lunaria.Appliance.Cli;

/// <summary>Makes the verbs that speak to a running appliance. Stateless but for the shared options.</summary>
internal sealed class VerbFactory(ServerOptions server)
{
    /// <summary>
    /// A verb. <paramref name="example"/>: a whole line as one types it, a test runs it; <paramref name="asks"/>: it asks before it hurts.
    /// </summary>
    public Command Create(string name, string summary, string example, Func<VerbCall, Task> work, Symbol[]? symbols = null, bool asks = false)
    {
        var verb = new Command(name, $"{summary}\nExample: lunaria {example}");
        foreach (var symbol in symbols ?? [])
        {
            if (symbol is Argument argument)
                verb.Add(argument);
            else
                verb.Add((Option)symbol);
        }

        server.AddTo(verb, asks);
        verb.SetAction(parsed => RunAsync(parsed, work));
        return verb;
    }

    /// <summary>A noun: a group of verbs.</summary>
    public static Command Noun(string name, string summary, params Command[] verbs)
    {
        var noun = new Command(name, summary);
        foreach (var verb in verbs)
            noun.Add(verb);
        return noun;
    }

    /// <summary>An option that takes a size like 64GiB.</summary>
    public static Option<long?> SizeOption(string name, string description, bool required = false) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        Required = required,
        CustomParser = result => ParseSize(result, name),
    };

    private async Task<int> RunAsync(ParseResult parsed, Func<VerbCall, Task> work)
    {
        try
        {
            using var api = server.Connect(parsed);
            await work(new VerbCall(parsed, server, api));
            return ExitCode.Ok;
        }
        catch (SettingsException e)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync(e.Message);
            return ExitCode.WrongUsage;
        }
        catch (VerbException e)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"lunaria: {e.Message}");
            return e.ExitCode;
        }
    }

    private static long? ParseSize(ArgumentResult result, string name)
    {
        var text = result.Tokens[0].Value;
        if (ByteSize.TryParse(text, out var size))
            return size.Bytes;
        result.AddError($"{name} {text} is not a size: write a number with a unit (KiB, MiB, GiB, TiB or kB, MB, GB, TB), like 64GiB");
        return null;
    }
}
