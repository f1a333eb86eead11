using System.Net;
using System.Net.Sockets;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Tests.Transport;

[TestClass]
public sealed class SendBufferTests
{
    private const int PduBytes = 4 << 20;

    [TestMethod]
    public async Task What_another_thread_could_not_send_is_not_sent_once_the_target_may_not_answer()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 64 << 10 };
        await peer.ConnectAsync(listener.LocalEndpoint);
        using Socket socket = await listener.AcceptSocketAsync();
        socket.Blocking = peer.Blocking = false;
        socket.SendBufferSize = 64 << 10;
        bool may = true;
        SendBuffer buffer = new(new(socket, () => Volatile.Read(ref may)));
        buffer.Use(new byte[PduBytes + 1024]);
        buffer.UseSpare(new byte[PduBytes + 1024]);
        buffer.BeginPdu(PduBytes);
        buffer.EndPdu();
        Assert.IsTrue(buffer.TryHandOver());
        Assert.IsFalse(buffer.TrySend(), "the peer takes nothing, so the socket does not take all");
        Assert.IsGreaterThan(0, buffer.PendingBytes);
        Volatile.Write(ref may, false);
        byte[] sink = new byte[PduBytes];
        while (peer.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectRead)) peer.Receive(sink);
        Assert.ThrowsExactly<ConnectionClosedException>(() => buffer.TrySend());
        Assert.IsFalse(peer.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectRead), "something came all the same");
        buffer.Dispose();
    }
}
