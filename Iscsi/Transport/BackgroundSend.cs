using System.Net.Sockets;

namespace Lunaria.Iscsi.Transport;

/// <summary>
/// Sends one part of a connection's output on a thread of the pool, so that the connection's thread reads the next long answer from its medium
/// meanwhile. At most one part at a time. The connection's thread begins and joins; nobody else knows of it.
/// </summary>
internal sealed class BackgroundSend(Socket socket) : IThreadPoolWorkItem, IDisposable
{
    private readonly ManualResetEventSlim done = new(initialState: true, spinCount: 400);
    private byte[] array = [];
    private int start, end;
    private SocketError error;
    private Exception? failure;

    /// <summary>True from <see cref="Begin"/> until <see cref="TryFinish"/> has said that all is gone.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>What the socket has not taken; known after <see cref="TryFinish"/>.</summary>
    public int PendingBytes => IsBusy && done.IsSet ? end - start : 0;

    /// <summary>Begins to send; the memory stays as it is until <see cref="TryFinish"/> is true. Only while not busy.</summary>
    public void Begin(byte[] memory, int from, int to)
    {
        (array, start, end, error, failure) = (memory, from, to, SocketError.Success, null);
        IsBusy = true;
        done.Reset();
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Waits for the other thread, which never waits for the peer. False = the socket takes no more now: wait for it, and ask again.</summary>
    public bool TryFinish()
    {
        if (!IsBusy) return true;
        done.Wait();
        if (failure is not null) throw new ConnectionClosedException($"send failed: {failure.Message}");
        if (error != SocketError.Success) throw new ConnectionClosedException($"send failed: {error}");
        SendSome();
        if (error != SocketError.Success) throw new ConnectionClosedException($"send failed: {error}");
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
            SendSome();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            failure = e;
        }
        finally
        {
            done.Set();
        }
    }

    private void SendSome()
    {
        while (start < end)
        {
            int sent = socket.Send(array.AsSpan(start, end - start), SocketFlags.None, out SocketError result);
            if (result is SocketError.WouldBlock or SocketError.Interrupted) return;
            error = result;
            if (result != SocketError.Success) return;
            start += sent;
        }
    }
}
