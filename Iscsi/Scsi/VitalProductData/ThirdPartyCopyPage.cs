using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.ThirdPartyCopy;

namespace Lunaria.Iscsi.Scsi.VitalProductData;

/// <summary>
/// Third-party Copy (SPC-4, SBC-3): limits of tokens, the copy commands, limits of EXTENDED COPY and its descriptors, features and types of tokens, copies in
/// general. The commands are read from the command table.
/// </summary>
internal static class ThirdPartyCopyPage
{
    private const int BlockDeviceRodLimits = 0x0000;
    private const int SupportedCommands = 0x0001;
    private const int ParameterDataLimits = 0x0004;
    private const int SupportedDescriptors = 0x0008;
    private const int RodTokenFeatures = 0x0106;
    private const int SupportedRodTypes = 0x0108;
    private const int GeneralCopyOperations = 0x8001;

    /// <summary>TOKEN_OUT: POPULATE TOKEN makes it; TOKEN_IN: WRITE USING TOKEN takes it.</summary>
    private const int TokenOut = 0x01, TokenIn = 0x02;

    public static void Build(ParameterData data, LogicalUnit unit, ItNexus nexus)
    {
        Descriptor(data, BlockDeviceRodLimits, body => body.Zeros(6)
            .UInt16(CopyLimits.MaxRanges)
            .UInt32(CopyLimits.MaxInactivitySeconds)
            .UInt32(CopyLimits.DefaultInactivitySeconds)
            .UInt64((ulong)(CopyLimits.MaxTokenBytes / unit.BlockBytes))
            .UInt64((ulong)(CopyLimits.OptimalTokenBytes / unit.BlockBytes)));
        Descriptor(data, SupportedCommands, body =>
        {
            var commands = new ParameterData();
            foreach (byte operationCode in new byte[] { 0x83, 0x84 })
            {
                CommandDescriptor[] rows = [.. CommandTable.Rows.Where(row => row.OperationCode == operationCode)];
                commands.Byte(operationCode).Byte(rows.Length);
                foreach (CommandDescriptor row in rows) commands.Byte(row.ServiceAction);
            }

            body.Byte(commands.Length).Bytes(commands.Span);
        });
        Descriptor(data, ParameterDataLimits, body => body.Zeros(4)
            .UInt16(CopyLimits.MaxCscds)
            .UInt16(CopyLimits.MaxSegments)
            .UInt32(CopyLimits.MaxDescriptorListBytes)
            .UInt32(0)
            .Zeros(12));
        Descriptor(data, SupportedDescriptors, body => body.Byte(CopyRequest.DescriptorTypes.Length).Bytes(CopyRequest.DescriptorTypes));
        Descriptor(data, RodTokenFeatures, body => body.Byte(0).Zeros(11)    // no token of another copy manager
            .UInt32(1)
            .UInt32(uint.MaxValue)
            .UInt32(CopyLimits.MaxInactivitySeconds)
            .Zeros(18)
            .UInt16(48)
            .Byte(0).Byte(0).UInt16(44).UInt16(0).UInt16(1)                  // block devices: any length
            .UInt64(CopyLimits.MaxTokenBytes)
            .UInt64(CopyLimits.OptimalTokenBytes)
            .UInt64(CopyLimits.OptimalTokenBytes)
            .UInt64(CopyLimits.OptimalTokenBytes)
            .Zeros(8));
        Descriptor(data, SupportedRodTypes, body => body.UInt16(0).UInt16(2 * 64)
            .UInt32(RodToken.ChangeVulnerable).Byte(TokenOut | TokenIn).Byte(0).UInt16(1).Zeros(56)
            .UInt32(RodToken.BlockZero).Byte(TokenIn).Byte(0).UInt16(0).Zeros(56));
        Descriptor(data, GeneralCopyOperations, body => body
            .UInt32(CopyLimits.MaxOperations)
            .UInt32(CopyLimits.MaxOperations)
            .UInt32(CopyLimits.MaxSegmentBytes)
            .Byte(CopyRequest.GranularityShift)
            .Byte(0)
            .Zeros(18));
    }

    /// <summary>One descriptor, padded to a multiple of four.</summary>
    private static void Descriptor(ParameterData data, int type, Action<ParameterData> build)
    {
        var body = new ParameterData();
        build(body);
        body.Zeros(-body.Length & 3);
        data.UInt16(type).UInt16(body.Length).Bytes(body.Span);
    }
}
