using Lunaria.Appliance.Hosting;
using Lunaria.Appliance.Settings;
using Lunaria.Volumes;
using Microsoft.Extensions.Logging;

namespace Lunaria.Appliance.Targets;

/// <summary>
/// Brings what <c>bootstrap.targets</c> wants into lunaria.db: each volume, target and LUN that is absent is created, what exists is never
/// changed. Doing it twice, or again after a crash in between, gives the same. Used once at the start.
/// </summary>
internal sealed partial class TargetReconciler(VolumeManager volumes, TargetStore store, ILogger<TargetReconciler> logger)
{
    /// <summary>Creates what is absent.</summary>
    public async Task ReconcileAsync(IReadOnlyList<TargetSettings> wanted)
    {
        var existing = store.Read().ToDictionary(target => target.Iqn);
        foreach (var target in wanted)
        {
            var luns = new List<LunRecord>();
            foreach (var lun in target.Luns)
            {
                var volume = await EnsureVolumeAsync(lun);
                store.AddUnit(volume, lun.Unit);
                if (store.ReadUnit(volume) != lun.Unit)
                    LogOtherUnit(lun.Volume);
                luns.Add(new LunRecord(lun.Lun, volume));
            }

            if (existing.TryGetValue(target.Iqn, out var found))
                AddMissingLuns(found, luns);
            else
                AddTarget(target, luns);
        }
    }

    private async Task<Guid> EnsureVolumeAsync(LunSettings lun)
    {
        if (volumes.Find(lun.Volume) is { } found)
        {
            if (found.SizeBytes != lun.Size.Bytes)
                LogOtherSize(lun.Volume, new ByteSize(found.SizeBytes), lun.Size);
            return found.Uuid;
        }

        try
        {
            var created = await volumes.CreateVolumeAsync(lun.Volume, lun.Size.Bytes);
            LogVolumeCreated(created.Name, lun.Size, created.Uuid);
            return created.Uuid;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new StartException($"the volume {lun.Volume} of bootstrap.targets cannot be created: {e.Message}", e);
        }
    }

    private void AddTarget(TargetSettings target, List<LunRecord> luns)
    {
        var chap = target.Chap is { } given ? new ChapRecord(given.User, given.Secret, given.MutualUser, given.MutualSecret) : null;
        store.Add(new TargetRecord(target.Iqn, luns, chap));
        LogTargetCreated(target.Iqn, luns.Count);
    }

    private void AddMissingLuns(TargetRecord target, List<LunRecord> wanted)
    {
        foreach (var lun in wanted)
        {
            var found = target.Luns.FirstOrDefault(existing => existing.Lun == lun.Lun);
            if (found == null)
            {
                store.AddLun(target.Iqn, lun);
                LogLunCreated(lun.Lun, target.Iqn);
            }
            else if (found.Volume != lun.Volume)
            {
                LogOtherVolume(lun.Lun, target.Iqn, found.Volume);
            }
        }
    }

    [LoggerMessage(100, LogLevel.Information, "Created volume {Volume}, {Size}, {Uuid}")]
    private partial void LogVolumeCreated(string volume, ByteSize size, Guid uuid);

    [LoggerMessage(101, LogLevel.Information, "Created target {Iqn} with {Luns} LUN(s)")]
    private partial void LogTargetCreated(string iqn, int luns);

    [LoggerMessage(102, LogLevel.Information, "Created LUN {Lun} of {Iqn}")]
    private partial void LogLunCreated(int lun, string iqn);

    [LoggerMessage(103, LogLevel.Warning, "Volume {Volume} exists with {Size}; the {Wanted} of bootstrap.targets change nothing")]
    private partial void LogOtherSize(string volume, ByteSize size, ByteSize wanted);

    [LoggerMessage(105, LogLevel.Warning, "Hosts know volume {Volume} with another blockSize, readOnly, removable or writeSameToEnd; bootstrap.targets change nothing")]
    private partial void LogOtherUnit(string volume);

    [LoggerMessage(104, LogLevel.Warning, "LUN {Lun} of {Iqn} exists with volume {Uuid}; bootstrap.targets change nothing")]
    private partial void LogOtherVolume(int lun, string iqn, Guid uuid);
}
