using System.CommandLine;
using Lunaria.Appliance.Hosting;
using Lunaria.Backends.Pool;
using Lunaria.Volumes.Backend;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary>Verbs on components that no appliance uses: <c>lunaria pool dump|label|clear|destroy</c>. They work on the files themselves.</summary>
internal static class PoolOfflineVerbs
{
    private static Option<string> NameOption => new("--name") { Description = "The name of the pool, typed, as dump shows it.", HelpName = "POOL", Required = true };

    public static IEnumerable<Command> Create()
    {
        yield return Dump();
        yield return Label();
        yield return Clear();
        yield return Destroy();
    }

    private static Argument<string> PathArgument => new("PATH") { Description = "A component: a file or a block device." };

    private static Command Dump()
    {
        var path = PathArgument;
        return Create("dump", "Show labels and object table of a component as JSON, while no appliance uses it.", "pool dump data/pool/0.lpool", [path], async (parsed, places, output) =>
            await output.WriteLineAsync(await ComponentTools.DumpAsync(places.At(parsed.GetValue(path)!, 0))));
    }

    private static Command Label()
    {
        var name = new Argument<string>("NAME") { Description = "What the new pool is called." };
        var paths = new Argument<string[]>("PATH") { Description = "Its components: files to make, or blank block devices.", Arity = ArgumentArity.OneOrMore };
        var size = VerbFactory.SizeOption("--size", "The size of each file; devices have their own.");
        var copies = new Option<int>("--copies") { Description = "On how many components each object is stored: 1, or 2 so that one may fail.", DefaultValueFactory = _ => 1 };
        return Create("label", "Make a new pool of files or blank devices, before an appliance uses it.", "pool label fast data/pool/0.lpool --size 1GiB", [name, paths, size, copies], async (parsed, places, output) =>
        {
            var sources = parsed.GetValue(paths)!.Select(path => places.ForNew(path, parsed.GetValue(size) ?? 0)).ToArray();
            if (sources.FirstOrDefault(source => source.Disk.Exists(source.Path) && !source.IsDevice) is { } there)
                throw new VerbException(ExitCode.Failed, $"{there.DisplayPath} exists already: name a path that has nothing");
            await using var pool = await LocalPool.OpenAsync(new LocalPoolOptions { Name = parsed.GetValue(name)!, Components = sources, Copies = parsed.GetValue(copies) }, NullLogger.Instance);
            await output.WriteLineAsync($"pool {pool.PoolName} {pool.PoolId} on {string.Join(", ", pool.ComponentPaths)}");
        });
    }

    private static Command Clear()
    {
        var path = PathArgument;
        var name = NameOption;
        return Create("clear", "Make one component none any more: a file is deleted, a device is left blank. What it holds is lost.", "pool clear data/pool/0.lpool --name fast", [path, name], async (parsed, places, output) =>
        {
            await ComponentTools.ClearAsync(places.At(parsed.GetValue(path)!, 0), parsed.GetValue(name)!);
            await output.WriteLineAsync($"cleared {parsed.GetValue(path)}");
        });
    }

    private static Command Destroy()
    {
        var path = PathArgument;
        var name = NameOption;
        return Create("destroy", "Clear all components of a pool, found by the label of one of them. What they hold is lost.", "pool destroy data/pool/0.lpool --name fast", [path, name], async (parsed, places, output) =>
        {
            foreach (var cleared in await ComponentTools.DestroyAsync(places.At(parsed.GetValue(path)!, 0), parsed.GetValue(name)!, places.Find))
                await output.WriteLineAsync($"cleared {cleared}");
        });
    }

    private static Command Create(string name, string summary, string example, Symbol[] symbols, Func<ParseResult, PoolPlaces, TextWriter, Task> work)
    {
        var verb = new Command(name, $"{summary}\nExample: lunaria {example}");
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
                verb.Add(argument);
            else
                verb.Add((Option)symbol);
        }

        verb.SetAction(async parsed =>
        {
            var console = parsed.InvocationConfiguration;
            using var places = new PoolPlaces(Environment.CurrentDirectory);
            try
            {
                await work(parsed, places, console.Output);
                return ExitCode.Ok;
            }
            catch (Exception e) when (e is ObjectStoreException or IOException or UnauthorizedAccessException or VerbException)
            {
                await console.Error.WriteLineAsync($"lunaria: {e.Message}");
                return ExitCode.Failed;
            }
        });
        return verb;
    }
}
