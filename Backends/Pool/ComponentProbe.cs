using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Pool;

/// <summary>
/// What lies at the place of a component before it is trusted: nothing, or an open file and the labels read from it. Owned by
/// <see cref="PoolAssembly"/>, which hands the file over or closes it.
/// </summary>
internal sealed class ComponentProbe : IDisposable
{
    /// <summary>Bytes at each end that are zero on a blank device.</summary>
    public const int BlankBytes = 1 << 20;

    private const string LockSuffix = ".lock";

    private ComponentProbe(PoolComponentSource source, IDisposable held)
    {
        Source = source;
        Lock = held;
    }

    /// <summary>Where it looked.</summary>
    public PoolComponentSource Source { get; }

    /// <summary>Keeps other processes from the component, also while it is being made.</summary>
    public IDisposable Lock { get; }

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

    /// <summary>Locks a place; IOException where another process has it.</summary>
    public static ComponentProbe Take(PoolComponentSource source) => new(source, source.Disk.Lock(source.Path + LockSuffix));

    /// <summary>Looks at the place; opens the file that is there.</summary>
    public async ValueTask ReadAsync()
    {
        if (!Source.Disk.Exists(Source.Path))
            return;
        IDiskFile file = Source.Disk.Open(Source.Path, create: false);
        if (file.LengthBytes == 0 || (Source.IsDevice && await IsBlankAsync(file)))
        {
            file.Dispose();
            return;
        }

        File = file;
        await ReadLabelsAsync(file);
    }

    /// <summary>Forgets an unfinished component, so that it can be made again.</summary>
    public void Forget()
    {
        File?.Dispose();
        (File, Label) = (null, null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        File?.Dispose();
        Lock.Dispose();
    }

    /// <summary>A device is blank where nothing lies at its ends (labels, partition tables and file systems have their marks there), or where labelling or erasing it was cut short.</summary>
    private static async ValueTask<bool> IsBlankAsync(IDiskFile file)
    {
        byte[] bytes = new byte[Math.Min(BlankBytes, file.LengthBytes)];
        await file.ReadAsync(0, bytes);
        if (!DeviceMark.IsBlank(bytes))
            return false;
        if (DeviceMark.IsWhole(bytes))
            return true;
        await file.ReadAsync(file.LengthBytes - bytes.Length, bytes);
        return ZeroTest.IsZero(bytes);
    }

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
