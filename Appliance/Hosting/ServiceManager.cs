using System.Net.Sockets;
using System.Text;

namespace Lunaria.Appliance.Hosting;

/// <summary>
/// Tells systemd how the start and the stop go (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET names. Without that, or where nobody
/// listens, it does nothing. Stateless; any thread.
/// </summary>
internal static class ServiceManager
{
    private const string SocketVariable = "NOTIFY_SOCKET";

    /// <summary>Hosts are answered from now on.</summary>
    public static void TellReady(string status) => Tell($"READY=1\nSTATUS={status}\n");

    /// <summary>The stop has begun.</summary>
    public static void TellStopping() => Tell("STOPPING=1\nSTATUS=Asks the hosts to log out\n");

    private static void Tell(string message)
    {
        if (Environment.GetEnvironmentVariable(SocketVariable) is not { Length: > 1 } address || OperatingSystem.IsWindows())
            return;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            // A name that begins with @ is one of the abstract name space, which begins with a zero.
            socket.SendTo(Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(address[0] == '@' ? $"\0{address[1..]}" : address));
        }
        catch (SocketException)
        {
            // Whoever started the program has gone: nobody waits for the word.
        }
    }
}
