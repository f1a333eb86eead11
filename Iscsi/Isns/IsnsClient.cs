using System.Net;
using System.Net.Sockets;
using Lunaria.Iscsi.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Iscsi.Isns;

/// <summary>
/// Tells an iSNS server (RFC 4171) which targets an <see cref="IscsiServer"/> has on which portals, as long as it lives: registers, registers anew what has
/// changed or was forgotten, refreshes, answers, and deregisters at the end. Where the iSNS server is away it goes on trying; hosts are served all the same.
/// Dispose it before the server. Any thread.
/// </summary>
public sealed class IsnsClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), FarewellPatience = TimeSpan.FromSeconds(3);

    private readonly IscsiServer server;
    private readonly IsnsOptions options;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task running;
    private IsnsListener? listener;
    private IsnsRegistration? registered;
    private TimeSpan refreshAfter;
    private long heard;
    private int changesSeen;
    private ushort transactionId;
    private volatile string? failure;

    /// <summary>Begins at once, for a server that has been started.</summary>
    /// <param name="server">The targets and portals.</param>
    /// <param name="options">Where the iSNS server is.</param>
    /// <param name="logger">Where it says whether it is heard; null = nowhere.</param>
    /// <param name="time">Clock; null = the system's.</param>
    public IsnsClient(IscsiServer server, IsnsOptions options, ILogger<IsnsClient>? logger = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(options);
        this.server = server;
        this.options = options;
        this.logger = logger ?? NullLogger<IsnsClient>.Instance;
        this.time = time ?? TimeProvider.System;
        refreshAfter = options.RegistrationPeriod / 3;
        running = Task.Run(RunAsync);
    }

    /// <summary>Why the iSNS server does not know what it should; null where it does, or nothing has been tried yet.</summary>
    public string? Failure => failure;

    /// <summary>Deregisters, but waits no longer than three seconds for it.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        if (registered is IsnsRegistration last)
        {
            try
            {
                using CancellationTokenSource limit = new(FarewellPatience, time);
                using TcpClient client = await ConnectAsync(limit.Token);
                await new IsnsChannel(client.GetStream()).AskAsync(last.Deregister(++transactionId), replace: false, limit.Token);
            }
            catch (Exception error) when (IsExpected(error))
            {
                // It forgets by itself when the registration period is over.
            }
        }
        if (listener is not null) await listener.DisposeAsync();
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                using CancellationTokenSource limit = new(Patience, time);
                using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping.Token);
                if (IsDue()) await TellAsync(either.Token);
            }
            catch (Exception error) when (IsExpected(error))
            {
                if (stopping.IsCancellationRequested) return;
                string reason = error is OperationCanceledException ? $"no answer within {Patience.TotalSeconds:0} s" : error.Message;
                if (failure is null) Log.IsnsFailed(logger, options.Server, reason);
                failure = reason;
                registered = null;
            }
            await Task.Delay(options.Interval, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool IsDue() => registered is null || listener is null || listener.Changes != changesSeen
        || time.GetElapsedTime(heard) >= refreshAfter || !Describe(listener).IsSameAs(registered);

    private async Task TellAsync(CancellationToken stop)
    {
        using TcpClient client = await ConnectAsync(stop);
        IPAddress local = ((IPEndPoint)client.Client.LocalEndPoint!).Address;
        if (listener is null || !listener.Local.Equals(local))
        {
            if (listener is not null) await listener.DisposeAsync();
            listener = new(local, options.Server.Address, time);
        }
        IsnsChannel channel = new(client.GetStream());
        changesSeen = listener.Changes;
        IsnsRegistration now = Describe(listener);
        // The answer repeats what was asked about; what was asked for is there only where the server knows it.
        if (now.Source is not null && now.IsSameAs(registered) && await channel.AskAsync(now.Query(++transactionId), replace: false, stop) is { Status: 0 } known
            && known.Find(IsnsTag.RegistrationPeriod) is { Number: > 0 })
        {
            heard = time.GetTimestamp();
            return;
        }
        if (now.Source is null)
        {
            if (registered is { Source: not null } last) Check(await channel.AskAsync(last.Deregister(++transactionId), replace: false, stop));
        }
        else
        {
            bool isFirst = registered is null;
            IsnsMessage answer = Check(await channel.AskAsync(now.Register(++transactionId), replace: true, stop));
            // At once: whatever comes between, this is what is to be deregistered.
            registered = now;
            Check(await channel.AskAsync(now.RegisterForChanges(++transactionId), replace: false, stop));
            uint seconds = answer.Attributes.LastOrDefault(attribute => attribute.Tag == IsnsTag.RegistrationPeriod)?.Number ?? 0;
            refreshAfter = (seconds > 0 ? TimeSpan.FromSeconds(seconds) : options.RegistrationPeriod) / 3;
            if (isFirst) Log.IsnsRegistered(logger, options.Server);
        }
        heard = time.GetTimestamp();
        registered = now;
        failure = null;
    }

    private IsnsRegistration Describe(IsnsListener answering) => new(server, options, answering.Local, answering.Port);

    private async Task<TcpClient> ConnectAsync(CancellationToken stop)
    {
        TcpClient client = new(options.Server.AddressFamily) { NoDelay = true };
        try
        {
            await client.ConnectAsync(options.Server, stop);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private static IsnsMessage Check(IsnsMessage answer) =>
        answer.Status == 0 ? answer : throw new InvalidDataException($"the iSNS server refuses {(ushort)(answer.Function & ~IsnsFunction.Response):x4} with status {answer.Status}");

    private static bool IsExpected(Exception error) => error is IOException or SocketException or InvalidDataException or OperationCanceledException;
}
