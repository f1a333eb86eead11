using System.Buffers;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>Fills one block for a pass of a sanitize operation, counted from 0.</summary>
internal delegate void FillBlock(int pass, Span<byte> block);

/// <summary>
/// A sanitize or format operation: runs on its own until it is done, whatever becomes of the command that began it.
/// <paramref name="fill"/> null = the medium is unmapped (BLOCK ERASE). Meanwhile commands hear <paramref name="inProgress"/>. Any thread.
/// </summary>
internal sealed class SanitizeRun(LogicalUnit unit, int passes, FillBlock? fill, SenseData inProgress)
{
    private TaskCompletionSource step = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool completed;
    private int progress;
    private bool isOfKey;

    /// <summary>One that throws the medium's key away.</summary>
    public static SanitizeRun OfKey(LogicalUnit unit, SenseData inProgress) => new(unit, 1, null, inProgress) { isOfKey = true };

    /// <summary>True when it is over.</summary>
    public bool Completed => completed;

    /// <summary>How it ended.</summary>
    public BlockStatus Outcome { get; private set; }

    /// <summary>What commands hear meanwhile, with the progress in 65,536ths (SPC-4 4.5.2.4.4).</summary>
    public SenseData InProgress => inProgress.WithProgress((ushort)Volatile.Read(ref progress));

    /// <summary>Completes with the next piece of the work; look at <see cref="Completed"/> then.</summary>
    public Task NextStep => Volatile.Read(ref step).Task;

    /// <summary>Begins.</summary>
    public void Start() => _ = RunAsync();

    private async Task RunAsync()
    {
        await Task.Yield();
        BlockStatus outcome = BlockStatus.Ok;
        try
        {
            for (int pass = 0; pass < passes && outcome == BlockStatus.Ok; pass++) outcome = isOfKey ? await unit.Medium.EraseAsync(Advance) : await PassAsync(pass);
            if (outcome == BlockStatus.Ok) outcome = await unit.Medium.FlushAsync();
        }
        catch (Exception)
        {
            // The medium broke its promise not to throw; the operation must end all the same, or the unit stays closed for ever.
            outcome = BlockStatus.Faulted;
        }

        Outcome = outcome;
        completed = true;
        Volatile.Read(ref step).SetResult();
    }

    private async ValueTask<BlockStatus> PassAsync(int pass)
    {
        long total = unit.Medium.Geometry.LengthBytes;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(UnitLimits.PieceBytes);
        try
        {
            int blockBytes = unit.BlockBytes;
            if (fill is not null)
            {
                fill(pass, buffer.AsSpan(0, blockBytes));
                for (int at = blockBytes; at < UnitLimits.PieceBytes; at += blockBytes) buffer.AsSpan(0, blockBytes).CopyTo(buffer.AsSpan(at));
            }

            // An unmap costs by what is mapped, so it goes in greater steps.
            long stepBytes = fill is null ? 1L << 30 : UnitLimits.PieceBytes;
            for (long done = 0; done < total; done += stepBytes)
            {
                long piece = Math.Min(stepBytes, total - done);
                BlockStatus status = fill is null
                    ? await unit.Medium.UnmapAsync(done, piece)
                    : await unit.Medium.WriteAsync(done, buffer.AsMemory(0, (int)piece), false);
                if (status != BlockStatus.Ok) return status;
                Advance((pass + ((double)(done + piece) / total)) / passes);
            }

            return BlockStatus.Ok;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Advance(double share)
    {
        Volatile.Write(ref progress, (int)(65535.0 * share));
        Interlocked.Exchange(ref step, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }
}
