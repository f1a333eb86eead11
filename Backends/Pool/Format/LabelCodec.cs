using System.Text;
using Lunaria.Volumes.Io;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Lunaria.Backends.Pool.Format;

/// <summary>What the bytes of a label are worth.</summary>
internal enum LabelHealth
{
    /// <summary>A label that this program understands.</summary>
    Sound,
    /// <summary>No label: the magic is not there.</summary>
    Absent,
    /// <summary>A label that was torn or changed.</summary>
    Damaged,
    /// <summary>A whole label of a later program: nothing may be changed.</summary>
    Newer,
}

/// <summary>The bytes of a component label (FORMATS.md, Local pool). Pure.</summary>
internal static class LabelCodec
{
    /// <summary>The newest version that this program reads. It writes it only where the label says what version 2 cannot say.</summary>
    public const uint Version = 3;

    /// <summary>Most copies of an object.</summary>
    public const int MaxCopies = 2;

    /// <summary>Longest pool name and longest remembered path, in UTF-8 bytes.</summary>
    public const int MaxNameBytes = 63, MaxPathBytes = 224;

    /// <summary>Most components of a pool.</summary>
    public const int MaxMembers = ComponentLayout.LabelAreaBytes / MemberBytes - 1;

    private const ulong Magic = 0x4C4F4F50414E554C; // "LUNAPOOL"
    private const int HeaderBytes = 256, MemberBytes = 256, ChecksumAt = 16;

    /// <summary>Encodes a label; the result is a whole number of pages.</summary>
    public static byte[] Encode(ComponentLabel label)
    {
        int length = HeaderBytes + label.Members.Count * MemberBytes;
        byte[] bytes = new byte[(length + ComponentLayout.PageBytes - 1) / ComponentLayout.PageBytes * ComponentLayout.PageBytes];
        Span<byte> header = bytes;
        WriteUInt64LittleEndian(header, Magic);
        WriteUInt32LittleEndian(header[8..], NeedsVersion3(label) ? Version : Version - 1);
        WriteInt32LittleEndian(header[12..], length);
        WriteInt32LittleEndian(header[20..], (int)label.State);
        WriteUInt64LittleEndian(header[24..], label.Generation);
        WriteUInt64LittleEndian(header[32..], label.MembershipGeneration);
        label.PoolId.TryWriteBytes(header[40..], bigEndian: true, out _);
        label.ComponentId.TryWriteBytes(header[56..], bigEndian: true, out _);
        WriteUInt16LittleEndian(header[72..], (ushort)label.Index);
        WriteUInt16LittleEndian(header[74..], (ushort)label.Members.Count);
        WriteInt32LittleEndian(header[76..], label.Layout.ChunkBytes);
        WriteInt32LittleEndian(header[80..], label.Layout.ChunkCount);
        header[84] = NeedsVersion3(label) ? (byte)label.Copies : (byte)0;
        WriteInt64LittleEndian(header[88..], label.Layout.SizeBytes);
        WriteInt64LittleEndian(header[96..], label.Layout.RecordCapacity);
        WriteInt64LittleEndian(header[104..], label.RecordsFormatted);
        WriteInt64LittleEndian(header[112..], label.Layout.FrontTableOffset);
        WriteInt64LittleEndian(header[120..], label.Layout.DataOffset);
        WriteInt64LittleEndian(header[128..], label.Layout.BackTableOffset);
        // Bytes 136 to 151: features, which a program that does not know them must refuse; none exists yet.
        header[152] = WriteText(label.PoolName, header.Slice(153, MaxNameBytes));
        for (int i = 0; i < label.Members.Count; i++)
            EncodeMember(label.Members[i], header.Slice(HeaderBytes + i * MemberBytes, MemberBytes));
        WriteUInt32LittleEndian(header[ChecksumAt..], Crc32C.Compute(header[..length]));
        return bytes;
    }

    /// <summary>Decodes what lies at a label's place. Magic, version, length and checksum stand where every version has them.</summary>
    public static LabelHealth Decode(ReadOnlySpan<byte> source, out ComponentLabel? label)
    {
        label = null;
        if (source.Length < HeaderBytes || ReadUInt64LittleEndian(source) != Magic)
            return LabelHealth.Absent;
        int length = ReadInt32LittleEndian(source[12..]);
        if (length < HeaderBytes || length > source.Length || !ChecksumIsRight(source[..length]))
            return LabelHealth.Damaged;
        if (ReadUInt32LittleEndian(source[8..]) > Version || source[136..152].ContainsAnyExcept((byte)0))
            return LabelHealth.Newer;

        int copies = ReadUInt32LittleEndian(source[8..]) < Version ? 1 : source[84];
        int memberCount = ReadUInt16LittleEndian(source[74..]);
        var layout = new ComponentLayout(
            ReadInt64LittleEndian(source[88..]), ReadInt32LittleEndian(source[76..]), ReadInt32LittleEndian(source[80..]),
            ReadInt64LittleEndian(source[96..]), ReadInt64LittleEndian(source[112..]), ReadInt64LittleEndian(source[120..]),
            ReadInt64LittleEndian(source[128..]));
        long formatted = ReadInt64LittleEndian(source[104..]);
        if (length != HeaderBytes + memberCount * MemberBytes || !layout.IsSound() || formatted < 0 || formatted > layout.RecordCapacity
            || copies is < 1 or > MaxCopies)
            return LabelHealth.Damaged;

        var members = new PoolMember[memberCount];
        for (int i = 0; i < memberCount; i++)
            members[i] = DecodeMember(source.Slice(HeaderBytes + i * MemberBytes, MemberBytes));
        label = new ComponentLabel((LabelState)ReadInt32LittleEndian(source[20..]), ReadUInt64LittleEndian(source[24..]),
            ReadUInt64LittleEndian(source[32..]), new Guid(source.Slice(40, 16), bigEndian: true), new Guid(source.Slice(56, 16), bigEndian: true),
            ReadUInt16LittleEndian(source[72..]), ReadText(source.Slice(153, MaxNameBytes), source[152]), layout, formatted, members)
        {
            Copies = copies,
        };
        return LabelHealth.Sound;
    }

    private static bool NeedsVersion3(ComponentLabel label) => label.Copies > 1 || label.Members.Any(member => member.State == MemberState.SetAside);

    private static bool ChecksumIsRight(ReadOnlySpan<byte> label)
    {
        Span<byte> zero = stackalloc byte[sizeof(uint)];
        zero.Clear();
        uint crc = Crc32C.Append(Crc32C.Compute(label[..ChecksumAt]), zero);
        return Crc32C.Append(crc, label[(ChecksumAt + sizeof(uint))..]) == ReadUInt32LittleEndian(label[ChecksumAt..]);
    }

    private static void EncodeMember(PoolMember member, Span<byte> destination)
    {
        member.ComponentId.TryWriteBytes(destination, bigEndian: true, out _);
        WriteUInt16LittleEndian(destination[16..], (ushort)member.Index);
        destination[18] = (byte)member.State;
        destination[19] = WriteText(member.LastPath, destination.Slice(32, MaxPathBytes));
        WriteInt64LittleEndian(destination[24..], member.SizeBytes);
    }

    private static PoolMember DecodeMember(ReadOnlySpan<byte> source) =>
        new(new Guid(source[..16], bigEndian: true), ReadUInt16LittleEndian(source[16..]), (MemberState)source[18], ReadInt64LittleEndian(source[24..]),
            ReadText(source.Slice(32, MaxPathBytes), source[19]));

    /// <summary>Writes as many whole characters as fit; returns the bytes used.</summary>
    private static byte WriteText(string text, Span<byte> destination)
    {
        Encoding.UTF8.GetEncoder().Convert(text, destination, flush: true, out _, out int bytes, out _);
        return (byte)bytes;
    }

    private static string ReadText(ReadOnlySpan<byte> source, byte length) => Encoding.UTF8.GetString(source[..Math.Min(length, source.Length)]);
}
