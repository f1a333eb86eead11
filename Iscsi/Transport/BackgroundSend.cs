using System.Net.Sockets;

namespace Lunaria.Iscsi.Transport;

/// <summary>
/// Sends one part of a connection's output on a thread of the pool, so that the connection's thread reads the next long answer from its medium
/// meanwhile. At most one part at a time. The connection's thread begins and joins; nobody else knows of it.
/// </summary>
internal sealed class BackgroundSend(SocketSender sender) : IThreadPoolWorkItem, IDisposable
{
    // The other thread is done within the time that a sleep and a wake-up take.
    private readonly ManualResetEventSlim done = new(initialState: true, spinCount: 400);
    private byte[] array = [];
    private int start, end;
    private ConnectionClosedException? failure;

    /// <summary>True from <see cref="Begin"/> until <see cref="TryFinish"/> has said that all is gone.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>What the socket has not taken; known after <see cref="TryFinish"/>.</summary>
    public int PendingBytes => IsBusy && done.IsSet ? end - start : 0;

    /// <summary>Begins to send; the memory stays as it is until <see cref="TryFinish"/> is true. Only while not busy.</summary>
    public void Begin(byte[] memory, int from, int to)
    {
        (array, start, end) = (memory, from, to);
        IsBusy = true;
        done.Reset();
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Waits for the other thread, which never waits for the peer. False = the socket takes no more now: wait for it, and ask again.</summary>
    public bool TryFinish()
    {
        if (!IsBusy) return true;
        done.Wait();
        if (failure is not null) throw failure;
        sender.Send(array, ref start, end);
        IsBusy = start < end;
        return !IsBusy;
    }

    /// <summary>Waits until the other thread has let go of socket and memory, whatever it has sent.</summary>
    public void Dispose()
    {
        done.Wait();
        done.Dispose();
    }

    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            sender.Send(array, ref start, end);
        }
        catch (ConnectionClosedException closed)
        {
            failure = closed;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            failure = new($"send failed: {e.Message}");
        }
        finally
        {
            done.Set();
        }
    }
}
