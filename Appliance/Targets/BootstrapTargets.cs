using Lunaria.Appliance.Hosting;
using Lunaria.Appliance.Settings;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.Extensions.Logging;

namespace Lunaria.Appliance.Targets;

/// <summary>
/// Brings what <c>bootstrap.targets</c> wants into being: each volume, target and LUN that is absent is created, what exists is never
/// changed. Doing it twice, or again after a crash in between, gives the same. Used once at the start.
/// </summary>
internal sealed partial class BootstrapTargets(ApplianceServices services, ILogger<BootstrapTargets> logger)
{
    /// <summary>Creates what is absent; <see cref="StartException"/> where that is refused.</summary>
    public async Task CreateAsync(IReadOnlyList<TargetSettings> wanted)
    {
        try
        {
            foreach (var target in wanted)
                await CreateAsync(target);
        }
        catch (RefusedException e)
        {
            throw new StartException($"bootstrap.targets cannot be created: {e.Message}", e);
        }
    }

    private async Task CreateAsync(TargetSettings target)
    {
        foreach (var lun in target.Luns)
            await EnsureVolumeAsync(lun);
        if (!services.Targets.List().Any(existing => existing.Iqn == target.Iqn))
        {
            var chap = target.Chap is { } given
                ? new SetChap { User = given.User, Secret = given.Secret, MutualUser = given.MutualUser, MutualSecret = given.MutualSecret }
                : null;
            await services.Targets.CreateAsync(Actor.Bootstrap, new CreateTarget { Iqn = target.Iqn, Initiators = [WebUi.Names.Everybody], Chap = chap });
            LogTargetCreated(target.Iqn);
        }

        foreach (var lun in target.Luns)
            await EnsureLunAsync(target.Iqn, lun);
    }

    private async Task EnsureVolumeAsync(LunSettings lun)
    {
        if (services.Volumes.List().FirstOrDefault(volume => volume.Name == lun.Volume) is not { } found)
        {
            var (volume, _) = await services.Volumes.CreateAsync(Actor.Bootstrap, new CreateVolume { Name = lun.Volume, SizeBytes = lun.Size.Bytes, Unit = View(lun.Unit) });
            LogVolumeCreated(volume.Name, lun.Size, volume.Uuid);
        }
        else if (found.SizeBytes != lun.Size.Bytes)
        {
            LogOtherSize(lun.Volume, new ByteSize(found.SizeBytes), lun.Size);
        }
        else if (found.Unit != View(lun.Unit))
        {
            await SayHowHostsSeeItAsync(lun);
        }
    }

    /// <summary>The volume is there without a word of how hosts see it (a crash came in between), or with other words.</summary>
    private async Task SayHowHostsSeeItAsync(LunSettings lun)
    {
        try
        {
            await services.Volumes.CreateAsync(Actor.Bootstrap, new CreateVolume { Name = lun.Volume, SizeBytes = lun.Size.Bytes, Unit = View(lun.Unit) });
        }
        catch (RefusedException e) when (e.Kind == RefusalKind.Exists)
        {
            LogOtherUnit(lun.Volume);
        }
    }

    private static UnitView View(UnitSettings unit) => new(unit.BlockBytes, unit.ReadOnly, unit.Removable, unit.WriteSameToEnd);

    private async Task EnsureLunAsync(string iqn, LunSettings lun)
    {
        if (services.Targets.Show(iqn).Luns.FirstOrDefault(existing => existing.Lun == lun.Lun) is not { } found)
        {
            await services.Luns.MapAsync(Actor.Bootstrap, iqn, new MapLun { Volume = lun.Volume, Lun = lun.Lun });
            LogLunCreated(lun.Lun, iqn);
        }
        else if (found.Volume != lun.Volume)
        {
            LogOtherVolume(lun.Lun, iqn, found.Volume);
        }
    }

    [LoggerMessage(100, LogLevel.Information, "Created volume {Volume}, {Size}, {Uuid}")]
    private partial void LogVolumeCreated(string volume, ByteSize size, Guid uuid);

    [LoggerMessage(101, LogLevel.Information, "Created target {Iqn}")]
    private partial void LogTargetCreated(string iqn);

    [LoggerMessage(102, LogLevel.Information, "Created LUN {Lun} of {Iqn}")]
    private partial void LogLunCreated(int lun, string iqn);

    [LoggerMessage(103, LogLevel.Warning, "Volume {Volume} exists with {Size}; the {Wanted} of bootstrap.targets change nothing")]
    private partial void LogOtherSize(string volume, ByteSize size, ByteSize wanted);

    [LoggerMessage(105, LogLevel.Warning, "Hosts know volume {Volume} with another blockSize, readOnly, removable or writeSameToEnd; bootstrap.targets change nothing")]
    private partial void LogOtherUnit(string volume);

    [LoggerMessage(104, LogLevel.Warning, "LUN {Lun} of {Iqn} exists with volume {Volume}; bootstrap.targets change nothing")]
    private partial void LogOtherVolume(int lun, string iqn, string volume);
}
