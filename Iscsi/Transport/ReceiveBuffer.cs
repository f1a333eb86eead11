namespace Lunaria.Iscsi.Transport;

/// <summary>
/// Received bytes of a connection: <c>[Start, End)</c> is not yet handled. Commands may keep a payload where it lies: while
/// <see cref="References"/> is not 0 no byte before <see cref="End"/> moves. Owned by the connection's thread.
/// </summary>
internal sealed class ReceiveBuffer(byte[] array, PooledBuffer? pooled)
{
    public byte[] Array { get; } = array;
    public PooledBuffer? Pooled { get; } = pooled;
    public int Start { get; set; }
    public int End { get; set; }

    /// <summary>Payloads in use by commands.</summary>
    public int References { get; set; }

    /// <summary>True once the connection receives elsewhere and this lives on for its references only.</summary>
    public bool IsDetached { get; set; }

    public int UnhandledBytes => End - Start;
    public int FreeBytes => Array.Length - End;

    /// <summary>Gives up a reference; with the last one a buffer that the connection has left goes back to the pool.</summary>
    public void Release(BufferPool pool)
    {
        if (--References == 0 && IsDetached && Pooled is not null) pool.Return(Pooled);
    }

    /// <summary>Moves what is not handled to the front. Only without references.</summary>
    public void Compact()
    {
        if (Start == 0) return;
        System.Array.Copy(Array, Start, Array, 0, UnhandledBytes);
        End -= Start;
        Start = 0;
    }
}
