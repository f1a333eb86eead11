using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Pool;

/// <summary>
/// What lies at the place of a component before it is trusted: nothing, or an open file and the labels read from it. Owned by
/// <see cref="PoolAssembly"/>, which hands the file over or closes it.
/// </summary>
internal sealed class ComponentProbe : IDisposable
{
    private ComponentProbe(PoolComponentSource source) => Source = source;

    /// <summary>Where it looked.</summary>
    public PoolComponentSource Source { get; }

    /// <summary>The open file; null where there is none, or an empty one.</summary>
    public IDiskFile? File { get; private set; }

    /// <summary>The newer of the labels that are whole; null where none is.</summary>
    public ComponentLabel? Label { get; private set; }

    /// <summary>What the first and the second label are worth.</summary>
    public LabelHealth FrontHealth { get; private set; } = LabelHealth.Absent;

    /// <inheritdoc cref="FrontHealth"/>
    public LabelHealth BackHealth { get; private set; } = LabelHealth.Absent;

    /// <summary>True where both labels are whole and say the same.</summary>
    public bool LabelsAgree { get; private set; }

    /// <summary>Looks at a place; opens the file that is there.</summary>
    public static async ValueTask<ComponentProbe> ReadAsync(PoolComponentSource source)
    {
        var probe = new ComponentProbe(source);
        if (!source.Disk.Exists(source.Path))
            return probe;
        IDiskFile file = source.Disk.Open(source.Path, create: false);
        if (file.LengthBytes == 0)
        {
            file.Dispose();
            return probe;
        }

        probe.File = file;
        await probe.ReadLabelsAsync(file);
        return probe;
    }

    /// <inheritdoc/>
    public void Dispose() => File?.Dispose();

    private async ValueTask ReadLabelsAsync(IDiskFile file)
    {
        (FrontHealth, ComponentLabel? front) = await ReadLabelAsync(file, 0);
        long pages = file.LengthBytes / ComponentLayout.PageBytes * ComponentLayout.PageBytes;
        (BackHealth, ComponentLabel? back) = await ReadLabelAsync(file, front?.Layout.BackLabelOffset ?? pages - ComponentLayout.LabelAreaBytes);
        Label = front is null || (back is not null && back.Generation > front.Generation) ? back : front;
        LabelsAgree = front is not null && back is not null && front.Generation == back.Generation;
    }

    /// <summary>Reads one label; a place that cannot be read is a damaged label, of which there is another.</summary>
    private static async ValueTask<(LabelHealth Health, ComponentLabel? Label)> ReadLabelAsync(IDiskFile file, long offset)
    {
        int length = (int)Math.Min(ComponentLayout.LabelAreaBytes, file.LengthBytes - offset);
        if (offset < 0 || length <= 0)
            return (LabelHealth.Absent, null);
        byte[] bytes = new byte[length];
        try
        {
            await file.ReadAsync(offset, bytes);
        }
        catch (IOException)
        {
            return (LabelHealth.Damaged, null);
        }

        LabelHealth health = LabelCodec.Decode(bytes, out ComponentLabel? label);
        return (health, label);
    }
}
