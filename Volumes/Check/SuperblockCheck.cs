using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Recovery;

namespace Lunaria.Volumes.Check;

/// <summary>The store is this pool's. Stateless.</summary>
internal static class SuperblockCheck
{
    /// <summary>False = it is another pool's, so that nothing in it can be compared. A missing one is written anew where the store is of this machine alone.</summary>
    public static async Task<bool> RunAsync(IObjectStore store, Guid poolId, Findings findings, bool repair)
    {
        if (await store.HeadAsync(Superblock.Key, CancellationToken.None) is not { } info)
        {
            bool canRepair = repair && !store.Capabilities.IsShared;
            if (canRepair)
                await store.PutIfAbsentAsync(Superblock.Key, SuperblockCodec.WriteUnowned(poolId), CancellationToken.None);
            findings.Add(CheckKinds.SuperblockMissing, Superblock.Key, "the store has none", canRepair);
            return true;
        }
        byte[] content = new byte[Math.Min(info.LengthBytes, SuperblockCodec.MaxBytes)];
        await store.GetAsync(Superblock.Key, 0, content, CancellationToken.None);
        try
        {
            if (SuperblockCodec.Read(content).PoolId is var pool && pool == poolId)
                return true;
            findings.Add(CheckKinds.SuperblockForeign, Superblock.Key, $"the store is of pool {pool}, lunaria.db of {poolId}");
            return false;
        }
        catch (InvalidDataException e)
        {
            findings.Add(CheckKinds.SuperblockDamaged, Superblock.Key, e.Message);
            return true;
        }
    }
}
