using System.Net.Sockets;

namespace Lunaria.Iscsi.Transport;

/// <summary>Waits for a connection's socket and its wake socket at once. Used by the connection's thread only; allocates nothing.</summary>
internal sealed class SocketWaiter(Socket socket, WakeSocket wake)
{
    private readonly List<Socket> read = new(2), write = new(1);

    /// <summary>The socket has data, or is at its end.</summary>
    public bool IsReadable { get; private set; }

    /// <summary>Waits until there is something to do, at most <paramref name="timeoutMs"/>.</summary>
    public void Wait(bool forRead, bool forWrite, int timeoutMs)
    {
        read.Clear();
        read.Add(wake.Socket);
        if (forRead) read.Add(socket);
        write.Clear();
        if (forWrite) write.Add(socket);
        Socket.Select(read, forWrite ? write : null, null, timeoutMs * 1000);
        IsReadable = read.Count > 0 && ReferenceEquals(read[^1], socket);
        if (read.Count > 0 && ReferenceEquals(read[0], wake.Socket)) wake.Clear();
    }

    /// <summary>Waits for a signal only; the connection's socket may be closed.</summary>
    /// <param name="timeoutMs">-1 = for ever.</param>
    public void WaitForWake(int timeoutMs = -1)
    {
        read.Clear();
        read.Add(wake.Socket);
        Socket.Select(read, null, null, timeoutMs < 0 ? -1 : timeoutMs * 1000);
        wake.Clear();
    }
}
