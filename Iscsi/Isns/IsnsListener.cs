using System.Net;
using System.Net.Sockets;

namespace Lunaria.Iscsi.Isns;

/// <summary>
/// Answers the iSNS server: status inquiries, and notices of changes, which it counts. Speaks with nobody else. Owned by one <see cref="IsnsClient"/>.
/// </summary>
internal sealed class IsnsListener : IAsyncDisposable
{
    private const int MaxConversations = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpListener listener;
    private readonly IPAddress server;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim free = new(MaxConversations);
    private readonly Task accepting;
    private int changes;

    /// <summary>Listens on a free port of <paramref name="local"/>; throws <see cref="SocketException"/>.</summary>
    public IsnsListener(IPAddress local, IPAddress server, TimeProvider time)
    {
        this.server = server;
        this.time = time;
        Local = local;
        listener = new(local, 0);
        listener.Start();
        accepting = AcceptAsync();
    }

    public IPAddress Local { get; }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Notices of changes so far.</summary>
    public int Changes => Volatile.Read(ref changes);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Dispose();
        await accepting;
        for (int i = 0; i < MaxConversations; i++) await free.WaitAsync();
        stopping.Dispose();
        free.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await free.WaitAsync(stopping.Token);
                _ = ConverseAsync(await AcceptOneAsync());
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // A host that went away while it waited; or the end.
            }
        }
    }

    private async Task<TcpClient> AcceptOneAsync()
    {
        try
        {
            return await listener.AcceptTcpClientAsync(stopping.Token);
        }
        catch
        {
            free.Release();
            throw;
        }
    }

    private async Task ConverseAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                if (((IPEndPoint)client.Client.RemoteEndPoint!).Address.MapToIPv6().Equals(server.MapToIPv6())) await AnswerAsync(new(client.GetStream()));
            }
        }
        catch (Exception error) when (error is IOException or InvalidDataException or SocketException or OperationCanceledException)
        {
            // Of this conversation only; the server begins another when it has something to say.
        }
        finally
        {
            free.Release();
        }
    }

    private async Task AnswerAsync(IsnsChannel channel)
    {
        while (true)
        {
            using CancellationTokenSource limit = new(Patience, time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping.Token);
            if (await channel.ReceiveAsync(either.Token) is not IsnsMessage message || message.IsResponse) return;
            if (message.Function == IsnsFunction.Change) Interlocked.Increment(ref changes);
            // The answer names who was told (RFC 4171 5.7.5.8), which is the last before the time, or says all again (5.7.5.13). What else a server may say is not supported: status 9.
            IsnsMessage answer = message.Function switch
            {
                IsnsFunction.Change => message.Answer(message.Attributes.TakeWhile(attribute => attribute.Tag == IsnsTag.NodeName).TakeLast(1)),
                IsnsFunction.StatusInquiry => message.Answer(message.Attributes),
                _ => message.Answer([]) with { Status = 9 },
            };
            await channel.SendAsync(answer, replace: false, either.Token);
        }
    }
}
