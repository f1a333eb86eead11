using System.CommandLine;
using System.Text.Json;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria pool ...</c> of a running appliance; what works without one is in <see cref="PoolOfflineVerbs"/>.</summary>
internal static class PoolVerbs
{
    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "pool",
        "The pool: the files and disks that hold the volumes' data.",
        [
            verbs.Create("status", "The pool, its components, and how far evacuations are.", "pool status", call =>
                call.ShowAsync(HttpMethod.Get, "pool", ApiJson.Default.PoolView, pool => Show(pool, call.Output))),
            Add(verbs),
            Evacuate(verbs),
            Remove(verbs),
            Copies(verbs),
            IntegrityVerbs.Audit(verbs),
            .. PoolOfflineVerbs.Create(),
        ]);

    private static Argument<string> Component => new("COMPONENT") { Description = "Its path or id, as status shows them." };

    private static Command Add(VerbFactory verbs)
    {
        var path = new Argument<string>("PATH") { Description = "A file to make, or a blank block device; relative to the data directory." };
        var size = VerbFactory.SizeOption("--size", "The size of a file; a device has its own.");
        return verbs.Create(
            "add",
            "Add a component while hosts write, take back one that is being evacuated, or use one again that was set aside.",
            "pool add pool/1.lpool --size 256MiB",
            call => call.ShowAsync(
                HttpMethod.Post,
                "pool/components",
                new AddComponent { Path = call.Get(path), SizeBytes = call.Get(size) },
                ApiJson.Default.AddComponent,
                ApiJson.Default.PoolView,
                pool => Show(pool, call.Output)),
            [path, size]);
    }

    private static Command Evacuate(VerbFactory verbs)
    {
        var component = Component;
        var noWait = JobVerbs.NoWaitOption();
        return verbs.Create(
            "evacuate",
            "Move all data from a component to the others, while hosts write.",
            "pool evacuate pool/1.lpool",
            async call => await JobVerbs.BeginAsync(
                call, HttpMethod.Post, $"pool/components/{await FindAsync(call, call.Get(component))}/evacuate", !call.Get(noWait), $"{call.Get(component)} is empty"),
            [component, noWait]);
    }

    private static Command Remove(VerbFactory verbs)
    {
        var component = Component;
        return verbs.Create(
            "remove",
            "Remove a component that is evacuated or set aside: a file is deleted, a device is left blank.",
            "pool remove pool/1.lpool --yes",
            async call =>
            {
                call.Confirm($"The pool does without {call.Get(component)}; a file is deleted.");
                await call.DoAsync(HttpMethod.Delete, $"pool/components/{await FindAsync(call, call.Get(component))}", $"removed {call.Get(component)}");
            },
            [component],
            asks: true);
    }

    private static Command Copies(VerbFactory verbs)
    {
        var copies = new Argument<int>("COPIES") { Description = "On how many components each object is stored: 1, or 2 so that one may fail." };
        return verbs.Create(
            "copies",
            "Store each object once or twice from now on, while hosts write; what is there follows in the background.",
            "pool copies 1",
            call => call.ShowAsync(
                HttpMethod.Put,
                "pool/copies",
                new PoolCopies { Copies = call.Get(copies) },
                ApiJson.Default.PoolCopies,
                ApiJson.Default.PoolView,
                pool => Show(pool, call.Output)),
            [copies]);
    }

    /// <summary>The id of a component that is named by its id, its path, or the end of its path.</summary>
    private static async Task<Guid> FindAsync(VerbCall call, string name)
    {
        var pool = JsonSerializer.Deserialize(await call.Api.SendAsync(HttpMethod.Get, "pool"), ApiJson.Default.PoolView)!;
        var found = pool.Components.Where(component => component.Path == name || component.Id.ToString() == name).ToArray();
        if (found.Length == 0)
            found = [.. pool.Components.Where(component => component.Path.EndsWith($"/{name}", StringComparison.Ordinal))];
        return found.Length == 1
            ? found[0].Id
            : throw new VerbException(ExitCode.Failed, $"{name} names {found.Length} components of the pool: name one of {string.Join(", ", pool.Components.Select(component => component.Path))}");
    }

    private static void Show(PoolView pool, TextWriter output)
    {
        output.WriteLine($"pool {pool.Name} {pool.Id}: {VerbCall.Space(pool.UsedBytes, pool.ReservedBytes, pool.FreeBytes, pool.TotalBytes)}{Scarce(pool.State)}");
        output.WriteLine($"promised {VerbCall.Size(pool.PromisedBytes)}, {pool.OverCommit:0.##} times the pool; {(pool.DaysToFull is { } days ? $"full in {days:0.#} days at the pace of the last week" : "it does not fill")}");
        if (pool.Copies > 1)
            output.WriteLine($"each object on {pool.Copies} components{(pool.RepairedCopies > 0 ? $"; {pool.RepairedCopies} damaged copies replaced since the start" : "")}");
        if (pool.Mending is { } mending)
            output.WriteLine(mending.Cause == null
                ? $"{mending.Objects} objects lack a copy or have one that must go: {VerbCall.Size(mending.DoneBytes)} of {VerbCall.Size(mending.TotalBytes)} done"
                : $"some of {mending.Objects} objects still lack a copy: {mending.Cause}");
        foreach (var damaged in pool.DamagedObjects)
            output.WriteLine($"every copy is damaged: {damaged}");
        var table = new TextTable("COMPONENT", "STATE", "USED", "SIZE", "EVACUATED", "ID");
        foreach (var component in pool.Components)
            table.Add(
                component.Path,
                component.Cause == null ? $"{component.State}" : $"{component.State}: {component.Cause}",
                VerbCall.Size(component.UsedBytes),
                VerbCall.Size(component.TotalBytes),
                component.Job is { } job ? JobWatch.Progress(job) : null,
                $"{component.Id}");
        table.Write(output);
        foreach (var component in pool.Components.Where(component => component.StableName != null))
            output.WriteLine($"{component.Path} is {component.StableName}");
        foreach (var component in pool.Components.Where(component => component.Volumes is { Count: > 0 }))
            output.WriteLine($"only {component.Path} has data of {string.Join(", ", component.Volumes!)}: evacuate it");
        foreach (var finding in pool.Findings)
            output.WriteLine($"found at the start: {finding}");
    }

    private static string Scarce(PoolSpaceState state) => state switch
    {
        PoolSpaceState.Ok => "",
        PoolSpaceState.Low => " (low)",
        _ => " (full)",
    };
}
