using Lunaria.Volumes.Check;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.MediaFaults;

/// <summary>
/// A life of an engine in which one medium does something wrong once, and the life after it. No block may ever read as something that it was not when it was acknowledged last. One run, one thread.
/// </summary>
internal sealed class MediaFaultRun(MediaFault fault, Random random)
{
    private const int Volumes = 2, Blocks = 500, OperationsBefore = 60, OperationsAfter = 60;

    private readonly ulong[,] _stamps = new ulong[Volumes, Blocks];
    private ulong _stamp;
    private int _errors, _fresh;
    private bool _isArmed, _isStopped;

    /// <summary>How it was found; null = it did no harm.</summary>
    public string? Found { get; private set; }

    /// <summary>Runs it on a scheduler.</summary>
    public async Task RunAsync(SimScheduler scheduler)
    {
        bool cold = random.Next(2) == 0;
        await using EngineBed bed = await EngineBed.OpenAsync(EngineBed.Tiny with { CheckpointJournalBytes = fault.IsOfJournal ? 1 << 20 : 16 << 10, GarbageShare = fault.IsOfJournal ? 1 : 0.25 }, scheduler.Time, bed =>
        {
            bed.Store.Cold = cold;
            bed.Starting = () =>
            {
                bed.Disk.Faults.PageCache = !cold;
                (bed.Disk.Faults.Late, bed.Store.Late) = (scheduler.BeLateAsync, scheduler.BeLateAsync);
            };
        });
        for (int i = 0; i < Volumes; i++)
            await bed.CreateAsync($"v{i}", Blocks * EngineBed.Block);
        for (int i = 0; i < OperationsBefore; i++)
            await StepAsync(bed);
        bed.Disk.Faults.PageCache = true;
        while (!fault.Arm(bed, random))
            await StepAsync(bed);
        bed.Disk.Faults.PageCache = !cold;
        _isArmed = true;
        for (int i = 0; i < OperationsAfter && !_isStopped; i++)
            await StepAsync(bed);
        // What is durable now proves what was durable before it. The last of all has no such proof: see docs/ARCHITECTURE.md.
        for (int i = 0; i < 3 && !_isStopped; i++)
        {
            await WriteAsync(bed, durable: true);
            if (!_isStopped)
                await DestageAsync(bed, checkpoint: false);
        }
        await ReadAllAsync(bed);
        if (_errors > 0)
            Found = $"{_errors} blocks unreadable";
        if (await TryStartAgainAsync(bed))
            await CheckAsync(bed);
    }

    private bool HasToKeepJournal => _isArmed && fault.IsOfJournal;

    /// <summary>False = the next life was refused, with the thing that is damaged named.</summary>
    private async Task<bool> TryStartAgainAsync(EngineBed bed)
    {
        try
        {
            if (fault.IsOfJournal || random.Next(2) == 0)
                await bed.KillAsync(random);
            else
                await bed.RestartAsync();
            _isStopped = false;
            return true;
        }
        catch (Exception e) when (e is LogDamagedException or JournalDamagedException)
        {
            StringAssert.Contains(e.Message, e is LogDamagedException ? "log" : "journal");
            Found = $"refused: {e.Message}";
            return false;
        }
    }

    private async Task CheckAsync(EngineBed bed)
    {
        _errors = 0;
        await ReadAllAsync(bed);
        bed.Manager.IsCollectionPaused = true;
        await DestageAsync(bed, checkpoint: true);
        await ReadAllAsync(bed);
        if (_isStopped)
            return;
        CheckReport report = await bed.Manager.Checks.RunAsync(new() { ReadBlocks = true }, null, CancellationToken.None);
        if (report.Findings.FirstOrDefault(finding => finding.Kind != CheckKinds.SuperblockMissing) is { } finding)
            Found = $"found: {finding}";
        else
            Assert.AreEqual(0, _errors, "blocks that cannot be read, of which a check knows nothing");
    }

    private async Task StepAsync(EngineBed bed)
    {
        switch (random.Next(100))
        {
            case < 60:
                await WriteAsync(bed, durable: random.Next(6) == 0);
                break;
            case < 85:
                await ReadAsync(bed, random.Next(Volumes), random.Next(Blocks));
                break;
            case < 90 when !_isStopped:
                Accept(await bed.Manager.Volumes[random.Next(Volumes)].FlushAsync());
                break;
            case < 97:
                await DestageAsync(bed, checkpoint: !HasToKeepJournal && random.Next(3) == 0);
                break;
            case < 98 when !_isStopped && !HasToKeepJournal:
                await AcceptAsync(bed.Manager.CollectGarbageAsync());
                break;
        }
    }

    private async Task WriteAsync(EngineBed bed, bool durable)
    {
        int at = random.Next(Volumes), count = random.Next(1, 24), first = random.Next(Blocks - count);
        if (fault.IsOfJournal)
            // Nothing is written over: what dies is worth a checkpoint.
            (at, count, first, _fresh) = (0, random.Next(1, 5), _fresh, _fresh + 4);
        byte[] content = new byte[count * EngineBed.Block];
        for (int i = 0; i < count; i++)
            Fill(content.AsSpan(i * EngineBed.Block, EngineBed.Block), _stamp + (ulong)i + 1);
        if (!Accept(await bed.Manager.Volumes[at].WriteAsync((long)first * EngineBed.Block, content, durable)))
            return;
        for (int i = 0; i < count; i++)
            _stamps[at, first + i] = ++_stamp;
    }

    private async Task ReadAllAsync(EngineBed bed)
    {
        for (int volume = 0; volume < Volumes; volume++)
            for (int block = 0; block < Blocks; block++)
                await ReadAsync(bed, volume, block);
    }

    private async Task ReadAsync(EngineBed bed, int volume, int block)
    {
        byte[] content = new byte[EngineBed.Block], expected = new byte[EngineBed.Block];
        VolumeStatus status = await bed.Manager.Find($"v{volume}")!.ReadAsync((long)block * EngineBed.Block, content);
        if (status == VolumeStatus.MediumError && _isArmed)
        {
            _errors++;
            return;
        }
        Assert.AreEqual(VolumeStatus.Ok, status);
        Fill(expected, _stamps[volume, block]);
        Assert.IsTrue(content.AsSpan().SequenceEqual(expected), $"block {block} of v{volume} reads as something that it is not");
    }

    /// <summary>False = the engine takes no more changes: what was refused last may be there or not.</summary>
    private bool Accept(VolumeStatus status)
    {
        if (status == VolumeStatus.Ok)
            return true;
        Assert.IsTrue(_isArmed, $"{status}");
        return !(_isStopped = true);
    }

    private Task DestageAsync(EngineBed bed, bool checkpoint) => _isStopped ? Task.CompletedTask : AcceptAsync(bed.Manager.DestageAsync(checkpoint));

    /// <summary>The engine's own work ends where it finds what it needs damaged.</summary>
    private async Task AcceptAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception e) when (_isArmed)
        {
            (_isStopped, Found) = (true, $"stopped: {e.Message}");
        }
    }

    private static void Fill(Span<byte> block, ulong stamp) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(block).Fill(stamp);
}
