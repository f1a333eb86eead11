using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>What became of one copy command, for RECEIVE COPY STATUS. Immutable.</summary>
internal sealed record CopyResult(byte ServiceAction, uint ListId, ScsiStatus Status, SenseData Sense, int SegmentsProcessed, long BytesCopied);

/// <summary>The kept results of one I_T_L nexus; a result is told once (SPC-4 6.18). Any thread.</summary>
internal sealed class CopyResults
{
    private readonly Lock sync = new();
    private readonly List<CopyResult> results = [];

    /// <summary>Keeps a result in place of an older one of the same list identifier.</summary>
    public void Keep(CopyResult result)
    {
        lock (sync)
        {
            results.RemoveAll(old => old.ListId == result.ListId);
            if (results.Count == CopyLimits.MaxResults) results.RemoveAt(0);
            results.Add(result);
        }
    }

    /// <summary>The result of a list identifier; null where none is kept.</summary>
    public CopyResult? Find(uint listId)
    {
        lock (sync) return results.Find(result => result.ListId == listId);
    }

    /// <summary>Forgets a result that was told.</summary>
    public void Forget(CopyResult result)
    {
        lock (sync) results.Remove(result);
    }
}
