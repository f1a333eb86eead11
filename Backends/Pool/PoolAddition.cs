using Lunaria.Backends.Pool.Format;
using Microsoft.Extensions.Logging;

namespace Lunaria.Backends.Pool;

/// <summary>Makes a place a component of a pool that is in use. Used once, by <see cref="LocalPool.AddAsync"/>.</summary>
internal sealed class PoolAddition(PoolComponentSource source, ILogger logger)
{
    /// <summary>What the new component will be to its pool; Fatal where it cannot be one.</summary>
    public static PoolMember Plan(LocalPool pool, PoolComponentSource source)
    {
        int chunkBytes = pool.Capabilities.MaxObjectBytes;
        IReadOnlyList<PoolMember> members = pool.Members();
        if (members.Count >= LabelCodec.MaxMembers)
            throw PoolMembership.Refuse($"Pool '{pool.PoolName}' has {members.Count} components and can have no more.");
        if (source.SizeBytes < ComponentLayout.MinSizeBytes(chunkBytes))
            throw PoolMembership.Refuse($"A component of {source.SizeBytes} bytes is too small for chunks of {chunkBytes}: "
                + $"it needs {ComponentLayout.MinSizeBytes(chunkBytes)}.");
        int index = Enumerable.Range(0, ushort.MaxValue).Except(members.Select(member => member.Index)).First();
        return new PoolMember(Guid.NewGuid(), index, MemberState.Active, ComponentLayout.Create(source.SizeBytes, chunkBytes).SizeBytes, source.DisplayPath);
    }

    /// <summary>
    /// Makes the component, with a label that says Initializing; Fatal where something else lies there. What <paramref name="mayReplace"/> says is of no use to the
    /// same pool is made anew.
    /// </summary>
    public async ValueTask<PoolComponent> MakeAsync(ComponentLabel label, Func<ComponentLabel, bool> mayReplace)
    {
        ComponentProbe? probe = null;
        try
        {
            probe = ComponentProbe.Take(source);
            await probe.ReadAsync();
            PoolMembership.CheckComponent(probe);
            if (probe.Label is { } found && !mayReplace(found))
                throw PoolMembership.Refuse($"{source.DisplayPath} is a component of pool '{found.PoolName}' ({found.PoolId}) already. If that pool is not needed "
                    + "any more, clear the component first.");
            probe.Forget();
            await PoolCreation.MakeAsync(source, label);
            await probe.ReadAsync();
            return new PoolComponent(probe, logger);
        }
        catch (Exception e)
        {
            probe?.Dispose();
            throw e is IOException or UnauthorizedAccessException
                ? PoolMembership.Refuse($"{source.DisplayPath} cannot become a component of pool '{label.PoolName}': {e.Message}", e)
                : e;
        }
    }
}
