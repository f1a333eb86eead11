using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>
/// Whether the unit is started, whether its medium is loaded, and who prevents its removal (SBC-3 4.20, SPC-4 6.16). Any thread.
/// </summary>
internal sealed class UnitPower
{
    private volatile bool stopped;
    private volatile bool ejected;
    private ImmutableHashSet<ItlNexus> preventing = [];

    /// <summary>True where a command that needs the medium can be executed.</summary>
    public bool Ready => !stopped && !ejected;

    /// <summary>Why not <see cref="Ready"/>.</summary>
    public SenseData NotReady => ejected ? SenseCodes.MediumNotPresentTrayOpen : SenseCodes.InitializingCommandRequired;

    /// <summary>True while any nexus prevents medium removal.</summary>
    public bool RemovalPrevented => !Volatile.Read(ref preventing).IsEmpty;

    /// <summary>Starts the unit, with <paramref name="load"/> after loading the medium; true where it was not ready before.</summary>
    public bool Start(bool load)
    {
        bool wasReady = Ready;
        if (load) ejected = false;
        stopped = false;
        return !wasReady && Ready;
    }

    /// <summary>Stops the unit, with <paramref name="eject"/> also ejects the medium.</summary>
    public void Stop(bool eject)
    {
        stopped = true;
        if (eject) ejected = true;
    }

    /// <summary>A nexus prevents medium removal.</summary>
    public void PreventRemoval(ItlNexus itl) => ImmutableInterlocked.Update(ref preventing, (set, added) => set.Add(added), itl);

    /// <summary>A nexus allows medium removal again, by command or by its loss.</summary>
    public void AllowRemoval(ItlNexus itl) => ImmutableInterlocked.Update(ref preventing, (set, removed) => set.Remove(removed), itl);

    /// <summary>A reset: all prevention ends.</summary>
    public void AllowRemoval() => Volatile.Write(ref preventing, []);
}
