using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Access;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.ModePages;
using Lunaria.Iscsi.Scsi.Reservations;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.ThirdPartyCopy;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi;

/// <summary>
/// A logical unit: a direct access block device (SBC-3) over a medium. May be mapped by several targets; everything it keeps is
/// its own, so that all paths see one unit. Any thread.
/// </summary>
public sealed class LogicalUnit
{
    private readonly TransferCounts departed = new();
    private ImmutableArray<ItlNexus> nexuses = [];
    private ImmutableArray<TargetPort> ports = [];
    private long knownLengthBytes;
    private bool thresholdReached;
    private SanitizeRun? sanitizing;

    /// <summary>A unit over <paramref name="medium"/>. Throws <see cref="ArgumentException"/> where a name is not ASCII.</summary>
    public LogicalUnit(IBlockDevice medium, LogicalUnitOptions options)
    {
        ArgumentNullException.ThrowIfNull(medium);
        ArgumentNullException.ThrowIfNull(options);
        Medium = medium;
        Options = options;
        Identity = new UnitIdentity(options);
        Limits = new UnitLimits(medium);
        if (medium.Thin.Supported) Features |= UnitFeatures.Thin;
        if (medium.AtomicWriteBytes > 0) Features |= UnitFeatures.AtomicWrites;
        if (options.AllowFormat) Features |= UnitFeatures.Format;
        if (medium.Thin.Supported && medium.Space is not null) Features |= UnitFeatures.SpaceKnown;
        if (medium.HasOwnKey) Features |= UnitFeatures.OwnKey;
        Mode = new ModeState(this);
        Reservations = new PersistentReservations(options.Store);
        knownLengthBytes = medium.Geometry.LengthBytes;
    }

    /// <summary>The medium.</summary>
    public IBlockDevice Medium { get; }

    /// <summary>What hosts see of it.</summary>
    public LogicalUnitOptions Options { get; }

    /// <summary>
    /// Changes the access state of target port groups (implicit ALUA); every host hears ASYMMETRIC ACCESS STATE CHANGED (2A/06).
    /// </summary>
    public void ChangeAccessStates(IReadOnlyDictionary<ushort, AccessState> states)
    {
        if (PortGroups.Change(states)) Establish(SenseCodes.AsymmetricAccessStateChanged);
    }

    /// <summary>What all hosts have read and written since the unit was made.</summary>
    public UnitTransfers GetTransfers()
    {
        TransferCounts all = CountTransfers();
        return new(
            all.Reads,
            all.Writes,
            all.BlocksRead * BlockBytes,
            all.BlocksWritten * BlockBytes,
            all.ReadLatency ?? new LatencyHistogram(),
            all.WriteLatency ?? new LatencyHistogram());
    }

    /// <summary>
    /// Compares the space behind a thin medium with the thresholds that hosts have set (mode page 1Ch/02h): when one is reached every host hears THIN
    /// PROVISIONING SOFT THRESHOLD REACHED (38/07), once; when none is any more, hosts that have not heard it will not. The server calls it every few seconds.
    /// </summary>
    public void NoticeSpace()
    {
        if ((Features & UnitFeatures.SpaceKnown) == 0 || Medium.Space is not { } space) return;
        bool reached = Mode.ThresholdReached(space.AvailableBytes >> UnitLimits.ThresholdSetShift, space.UsedBytes >> UnitLimits.ThresholdSetShift);
        if (Interlocked.Exchange(ref thresholdReached, reached) == reached) return;
        foreach (ItlNexus itl in nexuses)
        {
            if (reached) itl.Establish(SenseCodes.SoftThresholdReached);
            else itl.Clear(SenseCodes.SoftThresholdReached);
        }
    }

    /// <summary>Its names.</summary>
    internal UnitIdentity Identity { get; }

    /// <summary>The limits that are enforced and, the same values, advertised.</summary>
    internal UnitLimits Limits { get; }

    /// <summary>Mode parameters.</summary>
    internal ModeState Mode { get; }

    /// <summary>Keeps exclusive commands and writers apart.</summary>
    internal UnitGate Gate { get; } = new();

    /// <summary>Keeps reads and WRITE ATOMIC apart.</summary>
    internal AtomicWrites AtomicWrites { get; } = new();

    /// <summary>Data that ROD tokens stand for.</summary>
    internal UnitRods Rods { get; } = new();

    /// <summary>Started, stopped or ejected.</summary>
    internal UnitPower Power { get; } = new();

    /// <summary>The reservation of RESERVE(6) and RESERVE(10).</summary>
    internal LegacyReservation LegacyReservation { get; } = new();

    /// <summary>Asymmetric access states.</summary>
    internal PortGroups PortGroups { get; } = new();

    /// <summary>Persistent reservations.</summary>
    internal PersistentReservations Reservations { get; }

    /// <summary>The target ports through which the unit can be reached, by relative identifier.</summary>
    internal ImmutableArray<TargetPort> Ports => ports;

    /// <summary>The sanitize operation that runs; null where none does.</summary>
    internal SanitizeRun? Sanitizing => Volatile.Read(ref sanitizing) is { Completed: false } run ? run : null;

    /// <summary>Optional features.</summary>
    internal UnitFeatures Features { get; }

    /// <summary>Capacity in logical blocks.</summary>
    internal long Blocks
    {
        get
        {
            BlockDeviceGeometry geometry = Medium.Geometry;
            return geometry.LengthBytes / geometry.LogicalBlockBytes;
        }
    }

    /// <summary>Logical block length, bytes.</summary>
    internal int BlockBytes => Medium.Geometry.LogicalBlockBytes;

    /// <summary>The nexuses that know the unit.</summary>
    internal ImmutableArray<ItlNexus> Nexuses => nexuses;

    /// <summary>A nexus gets to know the unit: its first command hears of the power on or of the loss of its nexus.</summary>
    internal ItlNexus Attach(ItNexus nexus, ulong lunField)
    {
        AddPort(nexus.Port);
        var itl = new ItlNexus(nexus, this, lunField);
        itl.Establish(nexus.FollowsNexusLoss ? SenseCodes.NexusLoss : SenseCodes.PowerOnOrReset);
        ImmutableInterlocked.Update(ref nexuses, (all, added) => all.Add(added), itl);
        return itl;
    }

    /// <summary>The unit can be reached through another target port, or through one that is in another portal group now.</summary>
    internal void AddPort(TargetPort port) => ImmutableInterlocked.Update(
        ref ports,
        (all, added) => all.Contains(added) ? all : [.. all.RemoveAll(known => known.RelativeId == added.RelativeId).Add(added).OrderBy(known => known.RelativeId)],
        port);

    /// <summary>I_T nexus loss: what the nexus holds without persistence ends (SAM-5 6.3.4).</summary>
    internal void Detach(ItlNexus itl)
    {
        if (ImmutableInterlocked.Update(ref nexuses, (all, removed) => all.Remove(removed), itl))
            lock (departed) departed.Add(itl.Transfers);
        EndWhatItHolds(itl);
    }

    /// <summary>The nexus is reset: the same, but it stays, and hears of it.</summary>
    internal void LoseNexus(ItlNexus itl)
    {
        EndWhatItHolds(itl);
        itl.Establish(SenseCodes.NexusLoss);
    }

    private void EndWhatItHolds(ItlNexus itl)
    {
        LegacyReservation.Release(itl);
        Power.AllowRemoval(itl);
        itl.Copies.AbortAll();
    }

    /// <summary>What all nexuses have read and written since the unit was made.</summary>
    internal TransferCounts CountTransfers()
    {
        var all = new TransferCounts();
        lock (departed) all.Add(departed);
        foreach (ItlNexus itl in nexuses) all.Add(itl.Transfers);
        return all;
    }

    /// <summary>Establishes a unit attention condition for every nexus but one.</summary>
    internal void Establish(SenseData attention, ItlNexus? except = null)
    {
        foreach (ItlNexus itl in nexuses)
            if (itl != except) itl.Establish(attention);
    }

    /// <summary>Makes <paramref name="run"/> the sanitize operation of the unit; false where one runs already.</summary>
    internal bool TryBeginSanitize(SanitizeRun run)
    {
        SanitizeRun? before = Volatile.Read(ref sanitizing);
        return before is not { Completed: false } && Interlocked.CompareExchange(ref sanitizing, run, before) == before;
    }

    /// <summary>Logical unit reset (SAM-5 6.3.3).</summary>
    internal void Reset(SenseData attention)
    {
        LegacyReservation.Clear();
        Power.AllowRemoval();
        Mode.Reset();
        foreach (ItlNexus itl in nexuses) itl.Copies.AbortAll();
        Establish(attention);
    }

    /// <summary>Notices that the medium was resized and tells every nexus (SBC-3 4.8: CAPACITY DATA HAS CHANGED).</summary>
    internal void NoticeCapacity()
    {
        long now = Medium.Geometry.LengthBytes;
        long before = Volatile.Read(ref knownLengthBytes);
        if (now != before && Interlocked.CompareExchange(ref knownLengthBytes, now, before) == before)
            Establish(SenseCodes.CapacityDataChanged);
    }
}
