using System.Net.Sockets;

namespace Lunaria.Iscsi.Transport;

/// <summary>
/// The one way out of a connection, asked before each send whether this target may still answer. Used by one thread at a time.
/// </summary>
internal sealed class SocketSender(Socket socket, Func<bool>? mayAnswer)
{
    /// <summary>Sends what the socket takes now of <paramref name="memory"/> up to <paramref name="end"/>, and moves <paramref name="start"/>.</summary>
    /// <exception cref="ConnectionClosedException">The connection is broken, or this target may not answer.</exception>
    public void Send(byte[] memory, ref int start, int end)
    {
        while (start < end)
        {
            if (mayAnswer is not null && !mayAnswer()) throw new ConnectionClosedException("this target may not answer: another one may serve now");
            int sent = socket.Send(memory.AsSpan(start, end - start), SocketFlags.None, out SocketError error);
            if (error is SocketError.WouldBlock or SocketError.Interrupted) return;
            if (error != SocketError.Success) throw new ConnectionClosedException($"send failed: {error}");
            start += sent;
        }
    }
}
