using System.Net;
using System.Net.Sockets;

namespace Lunaria.Iscsi.Transport;

/// <summary>
/// Wakes a thread that waits in <see cref="Socket.Select(System.Collections.IList, System.Collections.IList, System.Collections.IList, int)"/>:
/// a UDP socket connected to itself on loopback, the one thing every platform can select on. Any thread signals, one thread waits.
/// </summary>
internal sealed class WakeSocket : IDisposable
{
    private static readonly byte[] Signalled = [1];
    private readonly byte[] sink = new byte[1];

    public WakeSocket()
    {
        Socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            Socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Socket.Connect(Socket.LocalEndPoint!);
            Socket.Blocking = false;
        }
        catch
        {
            Socket.Dispose();
            throw;
        }
    }

    /// <summary>Readable after a signal.</summary>
    public Socket Socket { get; }

    /// <summary>Makes the waiting thread's select return.</summary>
    public void Signal()
    {
        try
        {
            Socket.Send(Signalled, SocketFlags.None, out _);
        }
        catch (ObjectDisposedException)
        {
            // The connection has ended; nobody waits any more.
        }
    }

    /// <summary>Takes the signals that have come.</summary>
    public void Clear()
    {
        SocketError error;
        do Socket.Receive(sink, SocketFlags.None, out error);
        while (error == SocketError.Success);
    }

    public void Dispose() => Socket.Dispose();
}
