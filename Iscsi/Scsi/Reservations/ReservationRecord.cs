using System.Globalization;
using System.Text;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>
/// The form in which reservations outlive the process (APTPL): lines of UTF-8 text, first the name of the format and its version. iSCSI
/// names have no spaces, so a space separates fields. PRGENERATION is not kept: it begins at 0 after power on (SPC-4 6.15.2).
/// </summary>
internal static class ReservationRecord
{
    private const string Heading = "persistent-reservations 1";

    /// <summary>The record of a state; empty where nothing is to be kept.</summary>
    public static byte[] Write(ReservationState state)
    {
        if (!state.Persistent) return [];
        var text = new StringBuilder(Heading).Append('\n');
        foreach (Registration registration in state.Registrations)
        {
            text.Append(CultureInfo.InvariantCulture, $"registration {registration.Key:x16} {registration.RelativeTargetPort} ")
                .Append(CultureInfo.InvariantCulture, $"{(registration.AllTargetPorts ? 1 : 0)} ")
                .Append(registration.Nexus.InitiatorPort).Append(' ').Append(registration.Nexus.TargetPort).Append('\n');
        }

        if (state.Reserved)
        {
            text.Append(CultureInfo.InvariantCulture, $"reservation {(int)state.Type}");
            if (state.Holder is { } holder) text.Append(' ').Append(holder.InitiatorPort).Append(' ').Append(holder.TargetPort);
            text.Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The state of a record. Throws <see cref="FormatException"/> where it is none of this version.</summary>
    public static ReservationState Read(ReadOnlySpan<byte> record)
    {
        if (record.IsEmpty) return ReservationState.Empty;
        string[] lines = Encoding.UTF8.GetString(record).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines[0] != Heading)
            throw new FormatException($"The record of persistent reservations begins with '{lines[0]}', not with '{Heading}'. It was written by another version.");
        ReservationState state = ReservationState.Empty with { Persistent = true };
        foreach (string line in lines.Skip(1))
        {
            string[] fields = line.Split(' ');
            state = (fields[0], fields.Length) switch
            {
                ("registration", 6) => state.With(new Registration(
                    new NexusName(fields[4], fields[5]), ushort.Parse(fields[2], CultureInfo.InvariantCulture),
                    ulong.Parse(fields[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture), fields[3] == "1")),
                ("reservation", 2 or 4) => state with
                {
                    Type = (ReservationType)byte.Parse(fields[1], CultureInfo.InvariantCulture),
                    Holder = fields.Length == 4 ? new NexusName(fields[2], fields[3]) : null,
                },
                _ => throw new FormatException($"The record of persistent reservations has the line '{line}', which is none of its lines."),
            };
        }

        return state;
    }
}
