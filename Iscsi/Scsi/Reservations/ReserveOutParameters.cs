using System.Buffers.Binary;
using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>The basic parameter list of PERSISTENT RESERVE OUT (SPC-4 6.15.3). Immutable.</summary>
internal sealed record ReserveOutParameters
{
    /// <summary>Length of the list without TransportIDs.</summary>
    public const int BasicBytes = 24;

    private const int FlagsIndex = 20;

    /// <summary>RESERVATION KEY: that of the sending nexus.</summary>
    public required ulong Key { get; init; }

    /// <summary>SERVICE ACTION RESERVATION KEY.</summary>
    public required ulong ActionKey { get; init; }

    /// <summary>SPEC_I_PT.</summary>
    public bool SpecifiesPorts { get; init; }

    /// <summary>ALL_TG_PT.</summary>
    public bool AllTargetPorts { get; init; }

    /// <summary>APTPL.</summary>
    public bool Persistent { get; init; }

    /// <summary>The names after the basic list (SPEC_I_PT): ports, or devices without a port.</summary>
    public ImmutableArray<(string Name, bool IsPort)> Initiators { get; init; } = [];

    /// <summary>Reads the list of a task; null where the task has failed.</summary>
    public static ReserveOutParameters? Read(ScsiTask task)
    {
        ReadOnlySpan<byte> list = task.DataOut.Span;
        if (list.Length < BasicBytes) return Fail(task, SenseCodes.ParameterListLengthError);
        int flags = list[FlagsIndex];
        bool specifiesPorts = (flags & 0x08) != 0;
        if ((flags & 0x01) != 0 && !task.Unit!.Reservations.CanPersist)
            return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(FlagsIndex, 0));
        if (!specifiesPorts && list.Length != BasicBytes) return Fail(task, SenseCodes.ParameterListLengthError);
        ImmutableArray<(string Name, bool IsPort)> initiators = [];
        if (specifiesPorts && !ReadInitiators(task, list, ref initiators)) return null;
        return new ReserveOutParameters
        {
            Key = BinaryPrimitives.ReadUInt64BigEndian(list),
            ActionKey = BinaryPrimitives.ReadUInt64BigEndian(list[8..]),
            SpecifiesPorts = specifiesPorts,
            AllTargetPorts = (flags & 0x04) != 0,
            Persistent = (flags & 0x01) != 0,
            Initiators = initiators,
        };
    }

    private static bool ReadInitiators(ScsiTask task, ReadOnlySpan<byte> list, ref ImmutableArray<(string Name, bool IsPort)> initiators)
    {
        if (list.Length < BasicBytes + 4) return task.Fail(SenseCodes.ParameterListLengthError);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(list[BasicBytes..]);
        if (length != (uint)(list.Length - BasicBytes - 4)) return task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(BasicBytes));
        for (int at = BasicBytes + 4; at < list.Length;)
        {
            if (!TransportId.TryRead(list[at..], out int lengthBytes, out string name, out bool isPort))
                return task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(at));
            initiators = initiators.Add((name, isPort));
            at += lengthBytes;
        }

        return true;
    }

    private static ReserveOutParameters? Fail(ScsiTask task, SenseData sense)
    {
        task.Fail(sense);
        return null;
    }
}
