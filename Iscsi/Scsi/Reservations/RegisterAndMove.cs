using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>REGISTER AND MOVE (SPC-4 5.9.8, parameter list 6.15.4): the holder hands its reservation to another I_T nexus.</summary>
internal static class RegisterAndMove
{
    private const int ActionKeyIndex = 8;
    private const int FlagsIndex = 17;
    private const int TargetPortIndex = 18;
    private const int TransportIdIndex = 24;

    public static ReservationChange? Decide(ScsiTask task, ReservationState state)
    {
        ReadOnlySpan<byte> list = task.DataOut.Span;
        if (list.Length < TransportIdIndex) return Fail(task, SenseCodes.ParameterListLengthError);
        NexusName self = NexusName.Of(task.Nexus);
        bool keyIsRight = state.Find(self) is { } own && own.Key == BinaryPrimitives.ReadUInt64BigEndian(list);
        if (!keyIsRight || !state.IsHolder(self) || ReservationTypes.IsAllRegistrants(state.Type))
        {
            task.Fail(ScsiStatus.ReservationConflict);
            return null;
        }

        bool persistent = (list[FlagsIndex] & 0x01) != 0;
        if (persistent && !task.Unit!.Reservations.CanPersist) return Invalid(task, FlagsIndex, 0);
        ulong key = BinaryPrimitives.ReadUInt64BigEndian(list[ActionKeyIndex..]);
        if (key == 0) return Invalid(task, ActionKeyIndex);
        ushort relativePort = BinaryPrimitives.ReadUInt16BigEndian(list[TargetPortIndex..]);
        TargetPort? port = task.Unit!.Ports.FirstOrDefault(candidate => candidate.RelativeId == relativePort);
        if (port is null) return Invalid(task, TargetPortIndex);
        if (BinaryPrimitives.ReadUInt32BigEndian(list[20..]) != (uint)(list.Length - TransportIdIndex)
            || !TransportId.TryRead(list[TransportIdIndex..], out int lengthBytes, out string initiatorPort, out bool isPort)
            || !isPort || lengthBytes != list.Length - TransportIdIndex)
            return Invalid(task, TransportIdIndex);
        var destination = new NexusName(initiatorPort, port.Name);
        if (destination == self) return Invalid(task, TransportIdIndex);

        ReservationState next = state.With(new Registration(destination, relativePort, key)).ReservedBy(destination, state.Type);
        if ((list[FlagsIndex] & 0x02) != 0) next = next.Without(registration => registration.Nexus == self);
        return new ReservationChange(next with { Generation = state.Generation + 1, Persistent = persistent });
    }

    private static ReservationChange? Invalid(ScsiTask task, int index, int bit = -1) =>
        Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(index, bit));

    private static ReservationChange? Fail(ScsiTask task, SenseData sense)
    {
        task.Fail(sense);
        return null;
    }
}
