using System.Buffers;

namespace Lunaria.Volumes.Backend;

/// <summary>The rule for keys of <see cref="IObjectStore"/>, for those who implement one: 1 to 200 characters of [a-z0-9/._-]. Any thread.</summary>
public static class ObjectKey
{
    /// <summary>Longest key, in characters.</summary>
    public const int MaxLength = 200;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789/._-");

    /// <summary>True where the key may be stored.</summary>
    public static bool IsValid(string key) => key.Length is > 0 and <= MaxLength && !key.AsSpan().ContainsAnyExcept(Allowed);

    /// <summary>Throws Fatal where it may not.</summary>
    public static void Check(string key)
    {
        if (!IsValid(key))
            throw new ObjectStoreException(ObjectStoreError.Fatal,
                $"Object key '{key}' is not allowed: a key has 1 to {MaxLength} characters of a-z, 0-9, '/', '.', '_' and '-'.");
    }
}
