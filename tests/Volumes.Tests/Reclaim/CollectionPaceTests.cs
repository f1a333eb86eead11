using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Reclaim;

namespace Lunaria.Volumes.Tests.Reclaim;

/// <summary>Rounds of garbage collection make way for writers while there is space, and for nobody where there is none.</summary>
[TestClass]
public sealed class CollectionPaceTests
{
    private const long Copied = 100 << 20;

    [TestMethod]
    [DataRow(0.0, 0.3, 1.0, 0.0)]
    [DataRow(0.125, 0.3, 1.0, 0.667)]
    [DataRow(0.25, 0.3, 1.0, 4.0)]
    [DataRow(5.0, 0.3, 1.0, 4.0)]
    [DataRow(5.0, 0.5, 1.0, 4.0)]
    [DataRow(5.0, 0.625, 1.0, 0.667)]
    [DataRow(5.0, 0.75, 1.0, 0.0)]
    [DataRow(5.0, 0.9, 1.0, 0.0)]
    [DataRow(5.0, 0.3, 0.3, 4.0)]
    [DataRow(5.0, 0.3, 0.2, 0.667)]
    [DataRow(5.0, 0.3, 0.1, 0.0)]
    [DataRow(5.0, 0.3, 0.0, 0.0)]
    public void The_rest_after_a_second_depends_on_writers_garbage_and_space(double writtenPerCopied, double garbage, double free, double restSeconds)
    {
        TimeSpan rest = CollectionPace.RestAfter(TimeSpan.FromSeconds(1), Copied, (long)(writtenPerCopied * Copied), garbage, new ObjectStoreSpace(1000, (long)(free * 1000)));
        Assert.AreEqual(restSeconds, rest.TotalSeconds, 0.001);
    }

    [TestMethod]
    public void A_store_without_an_end_and_a_round_that_copied_nothing_count_too()
    {
        Assert.AreEqual(TimeSpan.FromSeconds(4), CollectionPace.RestAfter(TimeSpan.FromSeconds(1), Copied, Copied, 0.3, null));
        Assert.AreEqual(TimeSpan.Zero, CollectionPace.RestAfter(TimeSpan.FromSeconds(1), 0, 0, 0.3, null));
    }
}
