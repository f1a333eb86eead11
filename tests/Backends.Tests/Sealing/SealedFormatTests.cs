using System.Text;
using Lunaria.Backends.Sealing;
using Lunaria.Testing;

namespace Lunaria.Backends.Tests.Sealing;

/// <summary>What earlier versions have sealed is read for ever.</summary>
[TestClass]
public sealed class SealedFormatTests
{
    private static readonly byte[] Plain = Content.Of("plain", 5000);
    private static readonly byte[] Text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 3000).Select(i => $"line {i % 100,6}\n")));

    [TestMethod]
    public async Task Objects_of_version_1_are_read_with_their_ring_and_key()
    {
        var inner = new MemoryObjectStore();
        foreach (string name in new[] { "keyring-v1", "sealed-plain-v1", "sealed-packed-v1" })
            inner.Replace(name == "keyring-v1" ? "keyring" : $"volumes/{name}", Convert.FromHexString(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Formats", $"{name}.hex")).ReplaceLineEndings("")));
        SealedStore store = await TestSealing.OpenAsync(inner);
        CollectionAssert.AreEqual(Plain, await store.ReadAllAsync("volumes/sealed-plain-v1"));
        CollectionAssert.AreEqual(Text, await store.ReadAllAsync("volumes/sealed-packed-v1"));
        Assert.AreEqual(1, inner.Content("volumes/sealed-packed-v1")[11], "it is packed");
    }

    [TestMethod]
    public async Task A_ring_of_version_2_opens_what_has_a_key_of_its_own_and_what_has_not()
    {
        var inner = new MemoryObjectStore();
        foreach ((string name, string key) in new[] { ("keyring-v2", "keyring"), ("sealed-own-a", "volumes/own/a"), ("sealed-own-b", "volumes/own/b"), ("sealed-shared", "volumes/shared/a") })
            inner.Replace(key, Convert.FromHexString(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Formats", $"{name}.hex")).ReplaceLineEndings("")));
        SealedStore store = await TestSealing.OpenAsync(inner);
        CollectionAssert.AreEqual(Content.Of("own", 100), await store.ReadAllAsync("volumes/own/a"));
        CollectionAssert.AreEqual(Content.Of("own again", 100), await store.ReadAllAsync("volumes/own/b"));
        CollectionAssert.AreEqual(Content.Of("shared", 100), await store.ReadAllAsync("volumes/shared/a"));
        Assert.AreEqual((true, false, 2), (store.HasOwnKey("volumes/own/"), store.HasOwnKey("volumes/shared/"), store.GetStatus().DataKeys));
    }
}
