using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Pool;

/// <summary>
/// Makes the components of a new pool. Each is labelled under another name and then renamed, so that a file at a component's own path is
/// whole or not there (a device is labelled in place). Their labels say Initializing until all are in place: a crash between leaves nothing that was in use.
/// </summary>
internal static class PoolCreation
{
    /// <summary>The membership generation of a set that was never changed.</summary>
    public const ulong FirstMembership = 1;

    private const string UnfinishedSuffix = ".unfinished";

    /// <summary>Makes all components; returns the new pool's id. An empty file, or one of an unfinished creation, is replaced.</summary>
    public static async ValueTask<Guid> CreateAsync(LocalPoolOptions options)
    {
        Guid poolId = Guid.NewGuid();
        PoolMember[] members = [.. options.Components.Select((source, index) => new PoolMember(Guid.NewGuid(), index, MemberState.Active,
            ComponentLayout.Create(source.SizeBytes, options.ChunkBytes).SizeBytes, source.DisplayPath))];
        foreach (PoolMember member in members)
        {
            ComponentLayout layout = ComponentLayout.Create(member.SizeBytes, options.ChunkBytes);
            var label = new ComponentLabel(LabelState.Initializing, Generation: 1, FirstMembership, poolId, member.ComponentId, member.Index,
                options.Name, layout, RecordsFormatted: 0, members)
            {
                Copies = options.Copies,
            };
            await WriteUnfinishedAsync(options.Components[member.Index], label);
        }

        foreach (PoolComponentSource source in options.Components)
            await FinishAsync(source);
        return poolId;
    }

    /// <summary>Makes one component with this label. Complete = it survives the loss of power.</summary>
    public static async ValueTask MakeAsync(PoolComponentSource source, ComponentLabel label)
    {
        await WriteUnfinishedAsync(source, label);
        await FinishAsync(source);
    }

    /// <summary>The directory of a path; "" = the root.</summary>
    public static string DirectoryOf(string path) => path.Contains('/') ? path[..path.LastIndexOf('/')] : "";

    private static async ValueTask FinishAsync(PoolComponentSource source)
    {
        if (source.IsDevice)
            return;
        source.Disk.Rename(source.Path + UnfinishedSuffix, source.Path);
        await source.Disk.FlushDirectoryAsync(DirectoryOf(source.Path));
    }

    private static async ValueTask WriteUnfinishedAsync(PoolComponentSource source, ComponentLabel label)
    {
        using IDiskFile file = source.IsDevice ? source.Disk.Open(source.Path, create: false) : source.Disk.Open(source.Path + UnfinishedSuffix, create: true);
        if (!source.IsDevice)
        {
            file.SetLength(0);
            file.SetLength(label.Layout.SizeBytes);
        }

        byte[] bytes = LabelCodec.Encode(label);
        if (source.IsDevice)
        {
            await DeviceMark.LabelAsync(file, bytes, label.Layout.BackLabelOffset);
            return;
        }

        file.Write(0, bytes);
        file.Write(label.Layout.BackLabelOffset, bytes);
        await file.FlushAsync();
    }
}
