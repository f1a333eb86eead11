using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests;

/// <summary>Bytes that a name determines, and whole-object reads.</summary>
internal static class Content
{
    /// <summary>The same bytes for the same name and length, others for others.</summary>
    public static byte[] Of(string name, int lengthBytes)
    {
        int seed = 17;
        foreach (char c in name)
            seed = unchecked(seed * 31 + c);
        byte[] bytes = new byte[lengthBytes];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static async Task<byte[]> ReadAllAsync(this IObjectStore store, string key)
    {
        ObjectInfo info = await store.HeadAsync(key, CancellationToken.None) ?? throw new AssertFailedException($"There is no object '{key}'.");
        byte[] bytes = new byte[info.LengthBytes];
        await store.GetAsync(key, 0, bytes, CancellationToken.None);
        return bytes;
    }

    public static async Task<IReadOnlyList<ObjectInfo>> ListAllAsync(this IObjectStore store, string prefix)
    {
        var all = new List<ObjectInfo>();
        await foreach (ObjectInfo info in store.ListAsync(prefix, CancellationToken.None))
            all.Add(info);
        return all;
    }
}
