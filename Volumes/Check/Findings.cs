namespace Lunaria.Volumes.Check;

/// <summary>Collects what a check finds, so many at most. One thread.</summary>
internal sealed class Findings
{
    private const int MaxListed = 1000;
    private readonly List<CheckFinding> _listed = [];

    /// <summary>Those beyond the most that are listed.</summary>
    public long LeftOut { get; private set; }

    /// <summary>What was found so far.</summary>
    public IReadOnlyList<CheckFinding> Listed => _listed;

    /// <summary>Leaves, segments, blocks and records that were looked at.</summary>
    public long Leaves { get; set; }

    /// <inheritdoc cref="Leaves"/>
    public long Segments { get; set; }

    /// <inheritdoc cref="Leaves"/>
    public long BlocksRead { get; set; }

    /// <inheritdoc cref="Leaves"/>
    public long LogRecords { get; set; }

    /// <summary>Bytes of objects that nothing names.</summary>
    public long ReclaimableBytes { get; set; }

    /// <summary>One more.</summary>
    public void Add(string kind, string subject, string detail, bool repaired = false)
    {
        if (_listed.Count < MaxListed)
            _listed.Add(new(kind, subject, detail, repaired));
        else
            LeftOut++;
    }

    /// <summary>True where something of this kind was found.</summary>
    public bool Has(params ReadOnlySpan<string> kinds)
    {
        foreach (CheckFinding finding in _listed)
            if (kinds.Contains(finding.Kind))
                return true;
        return false;
    }

    /// <summary>All findings of a kind were put right.</summary>
    public void Repaired(string kind)
    {
        for (int i = 0; i < _listed.Count; i++)
            if (_listed[i].Kind == kind)
                _listed[i] = _listed[i] with { Repaired = true };
    }

    /// <summary>The result.</summary>
    public CheckReport ToReport() => new(_listed, LeftOut, Leaves, Segments, BlocksRead, LogRecords, ReclaimableBytes);
}
