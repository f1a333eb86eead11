using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Lunaria.Iscsi.Scsi;

/// <summary>
/// A command descriptor block of up to 16 bytes, held inside its task. Longer ones (variable length, 7Eh and 7Fh) are kept by
/// their first 16 bytes: none is offered, so the operation code is all that is looked at.
/// </summary>
internal struct Cdb
{
    private Bytes bytes;

    /// <summary>The 16 bytes; what a shorter CDB leaves over is zero padding of the PDU and means nothing.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Span => bytes;

    /// <summary>The operation code.</summary>
    public readonly byte OperationCode => bytes[0];

    /// <summary>Takes the CDB of a SCSI Command PDU (RFC 7143 11.3.5), at most 16 bytes of it.</summary>
    public void Set(ReadOnlySpan<byte> source)
    {
        Span<byte> target = bytes;
        target.Clear();
        source[..Math.Min(source.Length, 16)].CopyTo(target);
    }

    [InlineArray(16)]
    private struct Bytes
    {
        private byte first;
    }
}
