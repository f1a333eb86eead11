using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lunaria.Volumes.Io;

/// <summary>
/// Writes pieces that lie anywhere in memory with as few pwritev as the kernel lets it be, and again for what a call left over.
/// Stateless; any thread.
/// </summary>
internal static unsafe class GatherWriter
{
    /// <summary>Pieces of one call, of 1024 the kernel takes: their pins are on the stack and cleared for each call, however few there are.</summary>
    private const int MaxVectors = 64;

    /// <summary>Writes all bytes; returns 0, or the errno of the call that failed.</summary>
    public static int Write(SafeFileHandle file, long offsetBytes, ReadOnlySpan<byte> head, ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
    {
        LinuxNative.IoVector* vectors = stackalloc LinuxNative.IoVector[MaxVectors];
        Pins pins = default;
        fixed (byte* headBytes = head)
        {
            int count = 0;
            if (head.Length > 0)
                vectors[count++] = new() { Base = headBytes, Length = (nuint)head.Length };
            while (count > 0 || pieces.Length > 0)
            {
                int pinned = 0;
                try
                {
                    for (; pinned < pieces.Length && pinned < MaxVectors && count < MaxVectors; pinned++)
                    {
                        ReadOnlyMemory<byte> piece = pieces[pinned];
                        if (piece.Length > 0)
                            vectors[count++] = new() { Base = Pin(piece, ref pins[pinned]), Length = (nuint)piece.Length };
                    }
                    int error = WriteAll(file, ref offsetBytes, vectors, count);
                    if (error != 0)
                        return error;
                }
                finally
                {
                    for (int i = 0; i < pinned; i++)
                        pins[i].Dispose();
                }
                pieces = pieces[pinned..];
                count = 0;
            }
        }
        return 0;
    }

    private static void* Pin(ReadOnlyMemory<byte> piece, ref MemoryHandle pin)
    {
        pin = piece.Pin();
        return pin.Pointer;
    }

    private static int WriteAll(SafeFileHandle file, ref long offsetBytes, LinuxNative.IoVector* vectors, int count)
    {
        while (count > 0)
        {
            nint written = LinuxNative.Pwritev(file, vectors, count, offsetBytes);
            if (written < 0)
            {
                int error = Marshal.GetLastPInvokeError();
                if (error == LinuxNative.Eintr)
                    continue;
                return error;
            }
            offsetBytes += written;
            // What is left over begins within one of the pieces.
            for (nuint rest = (nuint)written; count > 0;)
            {
                if (rest < vectors->Length)
                {
                    *vectors = new() { Base = (byte*)vectors->Base + rest, Length = vectors->Length - rest };
                    break;
                }
                rest -= vectors->Length;
                vectors++;
                count--;
            }
        }
        return 0;
    }

    [System.Runtime.CompilerServices.InlineArray(MaxVectors)]
    private struct Pins
    {
        private MemoryHandle _first;
    }
}
