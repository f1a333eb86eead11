namespace Lunaria.Iscsi.Scsi.Commands;

/// <summary>Checks the fields of a CDB and says what it transfers; false = the task is ended.</summary>
internal delegate bool PrepareCommand(ScsiTask task);

/// <summary>Executes a prepared command and fills the result of the task.</summary>
internal delegate ValueTask ExecuteCommand(ScsiTask task);

/// <summary>
/// One row of the command table: all that dispatch, CDB validation and REPORT SUPPORTED OPERATION CODES know of a command. Immutable.
/// </summary>
/// <param name="Name">Name in the standard.</param>
/// <param name="Clause">Where the standard defines it.</param>
/// <param name="Mask">CDB usage mask, beginning with the operation code.</param>
internal sealed record CommandDescriptor(string Name, string Clause, CdbMask Mask)
{
    /// <summary>A row whose mask is given as hexadecimal bytes.</summary>
    public CommandDescriptor(string name, string clause, string mask)
        : this(name, clause, new CdbMask(mask))
    {
    }

    /// <summary>Operation code.</summary>
    public byte OperationCode => Mask.Usage.Span[0];

    /// <summary>Service action in bits 4..0 of byte 1, -1 = the command has none.</summary>
    public int ServiceAction { get; init; } = -1;

    /// <summary>Payload direction.</summary>
    public DataDirection Direction { get; init; }

    /// <summary>Conditions of execution.</summary>
    public CommandFlags Flags { get; init; }

    /// <summary>Effect of persistent reservations.</summary>
    public ReservationRule Reservation { get; init; }

    /// <summary>The rule of one command where <see cref="Reservation"/> is <see cref="ReservationRule.ByFields"/>.</summary>
    public Func<ScsiTask, ReservationRule>? RuleOf { get; init; }

    /// <summary>What the logical unit must offer.</summary>
    public UnitFeatures Requires { get; init; }

    /// <summary>Time a command usually takes, seconds (SPC-4 6.35.4).</summary>
    public uint NominalSeconds { get; init; } = 1;

    /// <summary>Time a host should wait before it gives a command up, seconds (SPC-4 6.35.4).</summary>
    public uint RecommendedSeconds { get; init; } = 60;

    /// <summary>Checks fields and lengths.</summary>
    public required PrepareCommand Prepare { get; init; }

    /// <summary>Executes.</summary>
    public required ExecuteCommand Execute { get; init; }
}
