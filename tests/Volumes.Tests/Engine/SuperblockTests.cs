using Lunaria.Volumes.Recovery;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>Whose store it is, where one machine alone reaches it.</summary>
[TestClass]
public sealed class SuperblockTests
{
    [TestMethod]
    public async Task A_store_that_has_lost_its_superblock_is_taken_only_where_somebody_has_said_that_a_part_of_it_is_lost()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        await bed.CreateAsync();
        await Assert.ThrowsExactlyAsync<InvalidDataException>(() => Superblock.CheckAsync(bed.Store, bed.Manager.Metadata).AsTask());
        await Superblock.CheckAsync(bed.Store, bed.Manager.Metadata, mayBeLost: true);
        await Superblock.CheckAsync(bed.Store, bed.Manager.Metadata);
        await using EngineBed other = await EngineBed.OpenAsync();
        await Assert.ThrowsExactlyAsync<InvalidDataException>(() => Superblock.CheckAsync(bed.Store, other.Manager.Metadata, mayBeLost: true).AsTask(), "another pool's is another pool's");
    }
}
