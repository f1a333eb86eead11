using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Numerics;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.ModePages;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>
/// MODE SELECT(6), (10): SPC-4 6.11, 6.12. The whole list is checked before anything changes; a bit that is not changeable must have its
/// current value. With SP the values are in the store before they are in force. The other I_T nexuses hear MODE PARAMETERS CHANGED.
/// </summary>
internal static class ModeSelect
{
    private const byte ModeSelect6 = 0x15;

    /// <summary>SP, byte 1 of the CDB.</summary>
    private const int SavePages = 0x01;

    public static readonly CommandDescriptor[] Rows =
    [
        Row("MODE SELECT(6)", "SPC-4 6.11", "15 11 00 00 FF 00", task => task.Expect(task.Cdb.Span[4], byte.MaxValue, 4)),
        Row("MODE SELECT(10)", "SPC-4 6.12", "55 11 00 00 00 00 00 FF FF 00",
            task => task.Expect(BinaryPrimitives.ReadUInt16BigEndian(task.Cdb.Span[7..]), ushort.MaxValue, 7)),
    ];

    private static CommandDescriptor Row(string name, string clause, string mask, PrepareCommand expect) => new(name, clause, mask)
    {
        Direction = DataDirection.Out,
        Reservation = ReservationRule.Writes,
        RecommendedSeconds = 30,
        Prepare = task => CheckFormat(task) && expect(task),
        Execute = ExecuteAsync,
    };

    /// <summary>PF=0 means a vendor specific format, of which there is none; an empty list has no format.</summary>
    private static bool CheckFormat(ScsiTask task)
    {
        ReadOnlySpan<byte> cdb = task.Cdb.Span;
        if ((cdb[1] & SavePages) != 0 && !task.Unit!.Mode.CanSave) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(1, 0));
        bool empty = cdb[0] == ModeSelect6 ? cdb[4] == 0 : (cdb[7] | cdb[8]) == 0;
        return empty || (cdb[1] & 0x10) != 0 || task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(1, 4));
    }

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        if (task.DataOutLengthBytes == 0) return;
        LogicalUnit unit = task.Unit!;
        ImmutableArray<byte[]> before = unit.Mode.Current;
        ImmutableArray<byte[]>.Builder pages = before.ToBuilder();
        if (!Read(task, task.DataOut.Span, pages)) return;
        if ((task.Cdb.Span[1] & SavePages) != 0)
        {
            if (!await unit.Mode.TrySaveAsync(pages.ToImmutable()))
            {
                task.Fail(SenseCodes.InternalTargetFailure);
                return;
            }
        }
        else
        {
            unit.Mode.Change(pages.ToImmutable());
        }

        bool changed = false;
        for (int index = 0; index < pages.Count; index++) changed |= !pages[index].AsSpan().SequenceEqual(before[index]);
        if (changed) unit.Establish(SenseCodes.ModeParametersChanged, task.Itl);
    }

    private static bool Read(ScsiTask task, ReadOnlySpan<byte> list, ImmutableArray<byte[]>.Builder pages)
    {
        bool six = task.Cdb.OperationCode == ModeSelect6;
        int headerBytes = six ? 4 : 8;
        if (list.Length < headerBytes) return task.Fail(SenseCodes.ParameterListLengthError);
        int descriptorBytes = six ? list[3] : BinaryPrimitives.ReadUInt16BigEndian(list[6..]);
        bool longLba = !six && (list[4] & 1) != 0;
        if (list.Length < headerBytes + descriptorBytes) return task.Fail(SenseCodes.ParameterListLengthError);
        if (descriptorBytes != 0 && !CheckBlockDescriptor(task, list.Slice(headerBytes, descriptorBytes), headerBytes, longLba)) return false;

        int at = headerBytes + descriptorBytes;
        while (at < list.Length)
        {
            int pageBytes = ReadPage(task, list, at, pages);
            if (pageBytes == 0) return false;
            at += pageBytes;
        }

        return true;
    }

    /// <summary>The block length cannot be changed, and the capacity only be named as it is (or as 0 or all ones).</summary>
    private static bool CheckBlockDescriptor(ScsiTask task, ReadOnlySpan<byte> descriptor, int at, bool longLba)
    {
        LogicalUnit unit = task.Unit!;
        if (descriptor.Length != (longLba ? 16 : 8))
            return task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(at == 4 ? 3 : 6));
        ulong blocks = longLba ? BinaryPrimitives.ReadUInt64BigEndian(descriptor) : BinaryPrimitives.ReadUInt32BigEndian(descriptor);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(descriptor[(longLba ? 12 : 4)..]);
        if (!longLba) length &= 0xFFFFFF;
        ulong now = longLba ? (ulong)unit.Blocks : (ulong)Math.Min(unit.Blocks, uint.MaxValue);
        ulong ones = longLba ? ulong.MaxValue : uint.MaxValue;
        if (blocks != 0 && blocks != now && blocks != ones) return task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(at));
        return length == (uint)unit.BlockBytes || task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(at + (longLba ? 12 : 5)));
    }

    /// <summary>Takes the page at <paramref name="at"/>; returns its length, 0 where the task has failed.</summary>
    private static int ReadPage(ScsiTask task, ReadOnlySpan<byte> list, int at, ImmutableArray<byte[]>.Builder pages)
    {
        ReadOnlySpan<byte> rest = list[at..];
        // PS is reserved here, and a host may send back what it was told.
        bool subpage = (rest[0] & 0x40) != 0;
        int headerBytes = subpage ? 4 : 2;
        if (rest.Length < headerBytes)
        {
            task.Fail(SenseCodes.ParameterListLengthError);
            return 0;
        }

        int index = Find(task.Unit!, rest[0] & 0x3F, subpage ? rest[1] : 0, subpage);
        if (index < 0)
        {
            task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(at, 5));
            return 0;
        }

        byte[] current = pages[index];
        int lengthBytes = headerBytes + (subpage ? BinaryPrimitives.ReadUInt16BigEndian(rest[2..]) : rest[1]);
        if (lengthBytes != current.Length)
        {
            task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(at + headerBytes - (subpage ? 2 : 1)));
            return 0;
        }

        if (rest.Length < lengthBytes)
        {
            task.Fail(SenseCodes.ParameterListLengthError);
            return 0;
        }

        byte[] changed = (byte[])current.Clone();
        for (int offset = headerBytes; offset < lengthBytes; offset++)
        {
            int wrong = (rest[offset] ^ current[offset]) & ~ModePageTable.Pages[index].Changeable[offset];
            if (wrong != 0)
            {
                task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(at + offset, 31 - BitOperations.LeadingZeroCount((uint)wrong)));
                return 0;
            }

            changed[offset] = rest[offset];
        }

        pages[index] = changed;
        return lengthBytes;
    }

    private static int Find(LogicalUnit unit, int code, int subpageCode, bool subpage)
    {
        for (int index = 0; index < ModePageTable.Pages.Length; index++)
        {
            ModePage page = ModePageTable.Pages[index];
            if (page.Code == code && page.HasSubpage == subpage && page.Subpage == subpageCode && (page.Requires & ~unit.Features) == 0) return index;
        }

        return -1;
    }
}
