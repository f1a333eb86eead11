namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>The copy operations of one I_T_L nexus that can be asked for: those that run, and the results that were not told yet. Any thread.</summary>
internal sealed class CopyOperations
{
    private readonly Lock sync = new();
    private readonly List<CopyOperation> operations = [];

    /// <summary>
    /// Takes an operation that begins, in place of a result of the same list identifier; the oldest result goes where there are too many. False where
    /// one of that identifier runs, or nothing but running ones are kept.
    /// </summary>
    public bool TryBegin(CopyOperation operation)
    {
        lock (sync)
        {
            if (operations.Exists(other => other.ListId == operation.ListId && !other.Completed)) return false;
            operations.RemoveAll(other => other.ListId == operation.ListId);
            int oldest = operations.Count < CopyLimits.MaxOperations ? -1 : operations.FindIndex(other => other.Completed);
            if (oldest >= 0) operations.RemoveAt(oldest);
            if (operations.Count >= CopyLimits.MaxOperations) return false;
            operations.Add(operation);
            return true;
        }
    }

    /// <summary>The operation of a list identifier; null where none is kept.</summary>
    public CopyOperation? Find(uint listId)
    {
        lock (sync) return operations.Find(operation => operation.ListId == listId);
    }

    /// <summary>Forgets a result that was told; one that runs stays.</summary>
    public void Told(CopyOperation operation)
    {
        if (!operation.Completed) return;
        lock (sync) operations.Remove(operation);
    }

    /// <summary>A reset, or the loss of the nexus: all that run end.</summary>
    public void AbortAll()
    {
        lock (sync) operations.ForEach(operation => operation.Abort());
    }
}
