using System.Net;
using System.Net.Sockets;
using Lunaria.Appliance.Hosting;
using Lunaria.Appliance.Settings;
using Lunaria.Iscsi;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Scsi;
using Lunaria.Volumes;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Appliance.Targets;

/// <summary>Puts what lunaria.db says onto the network. Stateless; used at the start.</summary>
internal static class TargetServing
{
    /// <summary>Gives the server its targets. A volume that several LUNs show is one logical unit, so that all paths see one state of it.</summary>
    public static void AddTargets(IscsiServer server, IReadOnlyList<TargetRecord> targets, TargetStore store, VolumeManager volumes, IObjectStore objects)
    {
        var units = new Dictionary<Guid, LogicalUnit>();
        foreach (var target in targets)
        {
            var served = server.AddTarget(target.Iqn, new IscsiTargetOptions { Access = [Access(target.Chap)], RelativePortId = target.PortId });
            foreach (var lun in target.Luns)
            {
                if (!units.TryGetValue(lun.Volume, out var unit))
                    units.Add(lun.Volume, unit = CreateUnit(volumes, objects, lun.Volume, store.ReadUnit(lun.Volume), target.Iqn));
                served.Luns.Add(lun.Lun, unit);
            }
        }
    }

    /// <summary>Listens; <see cref="StartException"/> names the portal that cannot be had.</summary>
    public static async Task ListenAsync(IscsiServer server, IReadOnlyList<IPEndPoint> portals)
    {
        try
        {
            await server.StartAsync();
        }
        catch (SocketException e)
        {
            var portal = portals.FirstOrDefault(IsTaken) ?? portals[0];
            throw new StartException($"the portal {portal} cannot be opened: {e.Message}. Stop what listens there, or choose another with --portal ADDRESS:PORT", e);
        }
    }

    private static LogicalUnit CreateUnit(VolumeManager volumes, IObjectStore objects, Guid uuid, UnitSettings settings, string iqn)
    {
        var volume = volumes.Volumes.FirstOrDefault(existing => existing.Uuid == uuid)
            ?? throw new StartException($"the volume {uuid} of target {iqn} is not in lunaria.db: restore the file from a copy");
        return new LogicalUnit(new VolumeBlockDevice(volume, objects, settings.BlockBytes, settings.ReadOnly), new LogicalUnitOptions
        {
            Identity = volume.Uuid,
            Store = UnitStore(volumes.Metadata, uuid),
            Removable = settings.Removable,
            WriteSameToEnd = settings.WriteSameToEnd,
        });
    }

    /// <summary>What a unit keeps beyond the process lies in lunaria.db. A change waits for the medium, so not on the connection's thread.</summary>
    private static LogicalUnitStore UnitStore(MetadataDatabase metadata, Guid unit) => new(
        key => metadata.ReadReservations($"{unit:D}/{key}"),
        (key, content) => new ValueTask(Task.Run(() => metadata.WriteReservations($"{unit:D}/{key}", content.Length == 0 ? null : content))));

    private static InitiatorAccess Access(ChapRecord? chap) =>
        chap == null
            ? InitiatorAccess.Anyone
            : new InitiatorAccess(InitiatorAccess.AnyName, Credentials(chap.User, chap.Secret), chap.MutualUser == null ? null : Credentials(chap.MutualUser, chap.MutualSecret!));

    private static ChapCredentials Credentials(string user, string secret) => new(user, new ChapSecret(secret));

    private static bool IsTaken(IPEndPoint portal)
    {
        using var socket = new Socket(portal.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(portal);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
