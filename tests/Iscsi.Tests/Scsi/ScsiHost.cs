using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>What a command came to.</summary>
internal sealed record Answer(ScsiStatus Status, SenseData Sense, byte[] Data, int DataInLengthBytes, byte[] SenseBytes)
{
    /// <summary>Key, code and qualifier as <c>5/24/00</c>; empty without sense.</summary>
    public string Triplet => Status == ScsiStatus.CheckCondition ? $"{(int)Sense.Key:X}/{Sense.Code:X2}/{Sense.Qualifier:X2}" : "";

    /// <summary>Where the sense points: <c>cdb 1.3</c>, <c>parameter 4</c>; empty without a pointer.</summary>
    public string Pointer => Sense.KeySpecific == 0
        ? ""
        : $"{((Sense.KeySpecific & 0x40) != 0 ? "cdb" : "parameter")} {Sense.KeySpecificValue}"
            + ((Sense.KeySpecific & 8) != 0 ? $".{Sense.KeySpecific & 7}" : "");

    public Answer Good()
    {
        Assert.AreEqual(ScsiStatus.Good, Status, Triplet + " " + Pointer);
        return this;
    }

    public Answer Refused(string triplet, string? pointer = null)
    {
        Assert.AreEqual(triplet, Triplet, $"{Status} {Pointer}");
        if (pointer is not null) Assert.AreEqual(pointer, Pointer);
        return this;
    }

    public Answer Is(ScsiStatus status)
    {
        Assert.AreEqual(status, Status, Triplet);
        return this;
    }
}

/// <summary>
/// A host of one I_T nexus that talks to a device server as a connection does: prepare, take the payload, execute.
/// </summary>
internal sealed class ScsiHost
{
    private readonly DeviceServer server;

    public ScsiHost(DeviceServer server, string name = "iqn.2026-01.test:host", ulong isid = 0x023D_0000_0001, bool clear = true)
    {
        this.server = server;
        Nexus = new ItNexus(name, isid, server.Luns.Port);
        server.Attach(Nexus);
        if (clear) ClearUnitAttentions();
    }

    /// <summary>The target port of a server with one.</summary>
    public static TargetPort Port { get; } = new("iqn.2026-01.test:target", 1, 1);

    public ItNexus Nexus { get; }

    /// <summary>A host alone with a unit over <paramref name="medium"/> at LUN 0.</summary>
    public static ScsiHost Over(IBlockDevice medium, LogicalUnitOptions? options = null) => new(ServerOver(medium, options));

    public static DeviceServer ServerOver(IBlockDevice medium, LogicalUnitOptions? options = null)
    {
        var luns = new LogicalUnitMap(ScsiHost.Port);
        luns.Add(0, new LogicalUnit(medium, options ?? Options()));
        return new DeviceServer(luns, new UnitDirectory());
    }

    public static LogicalUnitOptions Options(int identity = 1) => new() { Identity = new Guid(identity, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) };

    public void Leave() => server.Detach(Nexus);

    public void ClearUnitAttentions()
    {
        foreach (int lun in server.Luns.Units.Keys)
            while (Send("00 00 00 00 00 00", lun: lun).Status == ScsiStatus.CheckCondition && Last!.Sense.Key == SenseKey.UnitAttention) { }
    }

    private Answer? Last { get; set; }

    /// <summary>Sends a command and waits for its end. <paramref name="room"/>: bytes the host expects (EDTL of a read).</summary>
    public Answer Send(string cdb, byte[]? data = null, int room = 64 << 20, int lun = 0, ulong? lunField = null) =>
        SendAsync(cdb, data, room, lun, lunField).AsTask().GetAwaiter().GetResult();

    public async ValueTask<Answer> SendAsync(string cdb, byte[]? data = null, int room = 64 << 20, int lun = 0, ulong? lunField = null)
    {
        var task = new ScsiTask
        {
            Nexus = Nexus,
            LunField = lunField ?? (ulong)lun << 48,
            ExpectedDataTransferLength = (uint)(data?.Length ?? room),
            WriteFlag = data is not null,
            ReadFlag = data is null,
        };
        task.Cdb.Set(Convert.FromHexString(cdb.Replace(" ", "", StringComparison.Ordinal)));
        if (server.Prepare(task))
        {
            task.DataOut = (data ?? []).AsMemory(0, Math.Min(data?.Length ?? 0, task.DataOutLengthBytes));
            task.DataIn = new byte[Math.Min(room, task.DataInLengthMaxBytes)];
            await server.ExecuteAsync(task);
        }

        byte[] sense = new byte[SenseData.MaxLengthBytes];
        int senseLength = task.WriteSense(sense);
        int length = Math.Min(task.DataIn.Length, task.DataInLengthBytes);
        return Last = new Answer(task.Status, task.Sense, task.DataIn[..length].ToArray(), task.DataInLengthBytes, sense[..senseLength]);
    }
}
