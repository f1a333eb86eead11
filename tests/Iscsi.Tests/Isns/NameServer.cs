using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Lunaria.Iscsi.Isns;

namespace Lunaria.Iscsi.Tests.Isns;

/// <summary>A message as it came: printed as <c>tag=text</c>, numbers as <c>tag=#number</c>, ports that differ from run to run as <c>#P</c>.</summary>
internal sealed record Received(IsnsMessage Message, bool Replaces)
{
    public override string ToString() => string.Join(' ', Message.Attributes.Select(attribute => $"{(uint)attribute.Tag}={Value(attribute)}"));

    private static string Value(IsnsAttribute attribute) => attribute.Tag switch
    {
        _ when attribute.Value.IsEmpty => "",
        IsnsTag.StatusInquiryPort or IsnsTag.ChangePort => "#P",
        IsnsTag.PortalAddress or IsnsTag.PortalGroupAddress => new IPAddress(attribute.Value.Span).MapToIPv4().ToString(),
        IsnsTag.NodeName or IsnsTag.NodeAlias or IsnsTag.EntityIdentifier or IsnsTag.PortalGroupNodeName => attribute.Text,
        _ => $"#{attribute.Number.ToString(CultureInfo.InvariantCulture)}",
    };
}

/// <summary>An iSNS server that answers every request with one status and remembers what came.</summary>
internal sealed class NameServer : IDisposable
{
    private readonly TcpListener listener;
    private readonly ConcurrentQueue<Received> came = [];
    private readonly SemaphoreSlim arrived = new(0);
    private readonly CancellationTokenSource stopping = new();

    public NameServer(int port = 0)
    {
        listener = new(IPAddress.Loopback, port);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _ = Task.Run(AcceptAsync);
    }

    public int Port { get; }
    public uint Status { get; set; }
    public uint PeriodSeconds { get; set; } = 60;

    /// <summary>Knows nothing of what was registered.</summary>
    public bool Forgets { get; set; }

    /// <summary>The next request of a kind; what comes before it is passed over.</summary>
    public async Task<Received> NextAsync(IsnsFunction function)
    {
        while (true)
        {
            Assert.IsTrue(await arrived.WaitAsync(TimeSpan.FromSeconds(20)), $"no {function} came");
            if (came.TryDequeue(out Received? received) && received.Message.Function == function) return received;
        }
    }

    /// <summary>Speaks to a client as a server does.</summary>
    public static async Task<Received> AskAsync(NetworkStream stream, IsnsMessage request)
    {
        await stream.WriteAsync(AsServer(request));
        return Read(stream)!;
    }

    /// <summary>Reads a message of a client; null at the end.</summary>
    public static Received? Read(Stream stream)
    {
        byte[] header = new byte[12];
        List<byte> payload = [];
        bool replaces = false;
        while (true)
        {
            if (stream.ReadAtLeast(header, 12, throwOnEndOfStream: false) < 12) return null;
            ushort flags = BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(6));
            Assert.AreEqual(0x8000, flags & 0xC000, "from a client");
            replaces = (flags & 0x1000) != 0;
            byte[] part = new byte[BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(4))];
            stream.ReadExactly(part);
            Assert.AreEqual(payload.Count == 0, (flags & 0x0400) != 0, "first");
            payload.AddRange(part);
            if ((flags & 0x0800) != 0) break;
        }
        return new(IsnsMessage.Read((IsnsFunction)BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(2)), BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(8)), payload.ToArray()), replaces);
    }

    public void Dispose()
    {
        stopping.Cancel();
        listener.Dispose();
    }

    private static byte[] AsServer(IsnsMessage message)
    {
        byte[] payload = message.WritePayload();
        byte[] wire = new byte[12 + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(wire, 1);
        BinaryPrimitives.WriteUInt16BigEndian(wire.AsSpan(2), (ushort)message.Function);
        BinaryPrimitives.WriteUInt16BigEndian(wire.AsSpan(4), (ushort)payload.Length);
        BinaryPrimitives.WriteUInt16BigEndian(wire.AsSpan(6), 0x4C00);
        BinaryPrimitives.WriteUInt16BigEndian(wire.AsSpan(8), message.TransactionId);
        payload.CopyTo(wire, 12);
        return wire;
    }

    private async Task AcceptAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                using TcpClient client = await listener.AcceptTcpClientAsync(stopping.Token);
                client.ReceiveTimeout = 20_000;
                while (Read(client.GetStream()) is Received received)
                {
                    IsnsAttribute[] answer = received.Message.Function switch
                    {
                        IsnsFunction.Register => [.. received.Message.Attributes.Skip(1), IsnsAttribute.Of(IsnsTag.RegistrationPeriod, PeriodSeconds)],
                        IsnsFunction.Query when Forgets => [.. received.Message.Attributes.Skip(1).SkipLast(1)],
                        IsnsFunction.Query => [.. received.Message.Attributes.Skip(1).SkipLast(1), IsnsAttribute.Of(IsnsTag.RegistrationPeriod, PeriodSeconds)],
                        _ => [],
                    };
                    await client.GetStream().WriteAsync(AsServer(received.Message.Answer(answer) with { Status = Status }), stopping.Token);
                    came.Enqueue(received);
                    arrived.Release();
                }
            }
            catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The client is gone, or the test is over.
            }
        }
    }
}
