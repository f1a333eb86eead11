using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// The receive and the send buffer of one connection: small ones during login, pooled ones
/// while there is traffic, and while it is idle only a small one to send from.
/// The connection's thread only.
/// </summary>
internal sealed class ConnectionMemory
{
    /// <summary>Longest data segment of a login PDU (the default of MaxRecvDataSegmentLength, RFC 7143 13.12).</summary>
    public const int LoginDataLength = 8192;

    /// <summary>Receive buffers whose payloads commands still use, at most; then commands wait.</summary>
    public const int MaxDetached = 8;

    private readonly BufferPool pool;
    private readonly SendBuffer send;
    private readonly ConnectionInbox inbox;
    private readonly int pduBytes;
    private readonly byte[] smallSend = new byte[LoginDataLength + BufferPool.OverheadBytes];
    private readonly List<ReceiveBuffer> detached = [];
    private PooledBuffer? sendMemory, spareMemory;
    private bool inLogin = true;

    public ConnectionMemory(BufferPool pool, SendBuffer send, ConnectionInbox inbox, int maxRecvDataSegmentLength)
    {
        this.pool = pool;
        this.send = send;
        this.inbox = inbox;
        pduBytes = maxRecvDataSegmentLength + BufferPool.OverheadBytes;
        Receive = new(new byte[LoginDataLength + BufferPool.OverheadBytes], null);
        send.Use(smallSend);
    }

    /// <summary>Null while idle.</summary>
    public ReceiveBuffer? Receive { get; private set; }

    /// <summary>True while the buffers are given back; the connection's loop ends it when there is something to receive.</summary>
    public bool IsIdle { get; set; }

    /// <summary>The login is over: what has been received moves to a pooled buffer as soon as there is one.</summary>
    public void LeaveLogin() => inLogin = false;

    /// <summary>Makes sure that there is a buffer to receive to. False = the pool is used up; the inbox hears when that changes.</summary>
    public bool TryActivate()
    {
        if (inLogin || (sendMemory is not null && Receive?.Pooled is not null))
        {
            if (send.WantsSpare) GiveSpare();
            return true;
        }
        if (Receive?.Pooled is null)
        {
            if (TryNewReceiveBuffer() is not ReceiveBuffer fresh) return false;
            Adopt(fresh);
        }
        // Sending works without a pooled buffer, too, only in smaller steps.
        if (sendMemory is null && send.IsEmpty && pool.TryRent(pduBytes) is PooledBuffer memory)
        {
            sendMemory = memory;
            send.Use(memory.Array);
        }
        return true;
    }

    /// <summary>
    /// Room behind what has been received: moves it to the front, or, where commands still use the buffer, on to a new one. False = not
    /// possible now.
    /// </summary>
    public bool TryMakeRoom(int neededBytes)
    {
        ReceiveBuffer current = Receive!;
        if (current.UnhandledBytes == 0 && current.References == 0) current.Start = current.End = 0;
        if (current.FreeBytes > 0 && current.Array.Length - current.Start >= neededBytes) return true;
        if (current.References == 0)
        {
            current.Compact();
            return true;
        }
        detached.RemoveAll(buffer => buffer.References == 0);
        if (detached.Count >= MaxDetached || TryNewReceiveBuffer() is not ReceiveBuffer fresh) return false;
        Adopt(fresh);
        return true;
    }

    /// <summary>Gives the buffers back until there is traffic again. Only when nothing is in them.</summary>
    public void GiveBack()
    {
        if (inLogin || Receive is null || Receive.UnhandledBytes > 0 || Receive.References > 0 || !send.IsEmpty) return;
        if (Receive.Pooled is not null) pool.Return(Receive.Pooled);
        Receive = null;
        IsIdle = true;
        if (sendMemory is null) return;
        send.Use(smallSend);
        ReturnSendMemory();
    }

    /// <summary>The connection is over and has no commands.</summary>
    public void Release()
    {
        if (Receive?.Pooled is PooledBuffer pooled) pool.Return(pooled);
        Receive = null;
        send.Dispose();
        ReturnSendMemory();
    }

    private void GiveSpare()
    {
        if (sendMemory is null || spareMemory is not null || pool.TryRent(pduBytes) is not PooledBuffer memory) return;
        spareMemory = memory;
        send.UseSpare(memory.Array);
    }

    private void ReturnSendMemory()
    {
        if (sendMemory is not null) pool.Return(sendMemory);
        if (spareMemory is not null) pool.Return(spareMemory);
        sendMemory = spareMemory = null;
    }

    private ReceiveBuffer? TryNewReceiveBuffer() =>
        pool.TryRent(pduBytes, inbox) is PooledBuffer pooled ? new ReceiveBuffer(pooled.Array, pooled) : null;

    private void Adopt(ReceiveBuffer fresh)
    {
        if (Receive is ReceiveBuffer old)
        {
            old.Array.AsSpan(old.Start, old.UnhandledBytes).CopyTo(fresh.Array);
            fresh.End = old.UnhandledBytes;
            if (old.References > 0)
            {
                old.IsDetached = true;
                detached.Add(old);
            }
            else if (old.Pooled is not null)
            {
                pool.Return(old.Pooled);
            }
        }
        Receive = fresh;
    }
}
