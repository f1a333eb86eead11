namespace Lunaria.Volumes.Backend;

/// <summary>
/// The object backend: one of the four seams. Objects are immutable once put, except those replaced by compare-and-set.
/// Keys are ASCII [a-z0-9/._-], at most 200 characters. Every failure is an <see cref="ObjectStoreException"/> with a kind. Thread-safe.
/// </summary>
public interface IObjectStore : IAsyncDisposable
{
    /// <summary>What this store can do; fixed while it is open.</summary>
    ObjectStoreCapabilities Capabilities { get; }

    /// <summary>
    /// Stores an object under a key that has none; <see cref="ObjectStoreError.Exists"/> where it has one. Complete = durable.
    /// Returns its entity tag.
    /// </summary>
    ValueTask<string> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation);

    /// <summary>
    /// Replaces the object whose tag is <paramref name="expectedTag"/> (null = there is none yet); <see cref="ObjectStoreError.Exists"/>
    /// where another writer was faster. Complete = durable. Returns the new tag. May take what the store keeps in reserve, unlike a put: for what makes room, or is needed to.
    /// </summary>
    ValueTask<string> CompareAndSetAsync(string key, string? expectedTag, ReadOnlyMemory<byte> content, CancellationToken cancellation);

    /// <summary>Reads a range without waiting for a medium or a network; false = use <see cref="GetAsync"/>.</summary>
    bool TryGet(string key, long offsetBytes, Span<byte> destination) => false;

    /// <summary>Fills <paramref name="destination"/> from an offset; <see cref="ObjectStoreError.NotFound"/> where there is no object, Fatal where it is too short.</summary>
    ValueTask GetAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation);

    /// <summary>
    /// The caller found that bytes of an object are not what was put: a store that keeps several copies of it replaces those that are damaged by a sound one. True where it
    /// did, so that it is worth to read again. Never fails for damage.
    /// </summary>
    ValueTask<bool> MendAsync(string key, CancellationToken cancellation) => ValueTask.FromResult(false);

    /// <summary>Length and tag, or null where there is no object.</summary>
    ValueTask<ObjectInfo?> HeadAsync(string key, CancellationToken cancellation);

    /// <summary>
    /// All objects whose key starts with <paramref name="prefix"/>, in ordinal order of keys. The length is what the object takes in the store where that does not tell its own.
    /// </summary>
    IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellation);

    /// <summary>Deletes an object; not an error where there is none. Complete = durable.</summary>
    ValueTask DeleteAsync(string key, CancellationToken cancellation);

    /// <summary>
    /// Nothing was ever put below <paramref name="prefix"/> (the first two parts of a name, with the slash behind them): a store that encrypts gives what comes a key of its own.
    /// Called before the first put; changes nothing in the store.
    /// </summary>
    void BeginPrefix(string prefix)
    {
    }

    /// <summary>True where all that was or will be put below such a prefix is encrypted with a key that seals nothing else.</summary>
    bool HasOwnKey(string prefix) => false;

    /// <summary>
    /// Throws away the keys of the prefixes, among those that have keys of their own, that <paramref name="isGone"/> names. Complete = nothing that was put below them can be read again.
    /// </summary>
    ValueTask ForgetKeysAsync(Func<string, bool> isGone, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <summary>Space of the store now; null where it has no known end.</summary>
    ObjectStoreSpace? Space { get; }
}

/// <summary>
/// What a store can do. <paramref name="ConditionalWrites"/>: put-if-absent and compare-and-set really exclude a second writer.
/// <paramref name="MaxObjectBytes"/>: the largest object; <paramref name="PreferredSegmentBytes"/>: what segments should be by default.
/// <paramref name="IsShared"/>: other machines can reach it, so that it has to be owned before it is used.
/// </summary>
public sealed record ObjectStoreCapabilities(bool ConditionalWrites, int MaxObjectBytes, int PreferredSegmentBytes, bool IsShared = false);

/// <summary>One stored object.</summary>
public sealed record ObjectInfo(string Key, long LengthBytes, string Tag);

/// <summary>
/// Space in bytes: all of it; what new objects can use; and what is kept back for replacing objects, so that metadata and deletes work when nothing else is free.
/// </summary>
public readonly record struct ObjectStoreSpace(long TotalBytes, long FreeBytes, long ReservedBytes = 0)
{
    /// <summary>Neither free nor reserved: what objects have, and places that no object can be put on.</summary>
    public long UsedBytes => TotalBytes - FreeBytes - ReservedBytes;
}

/// <summary>What a caller can do about a failure of the store.</summary>
public enum ObjectStoreError
{
    /// <summary>May succeed later; the answer to a write may have been lost.</summary>
    Retry,
    /// <summary>There is no such object; never retried.</summary>
    NotFound,
    /// <summary>The condition did not hold: another object is there.</summary>
    Exists,
    /// <summary>No space left for a write.</summary>
    OutOfSpace,
    /// <summary>Will not get better by itself: damage, wrong credentials, a store that is gone.</summary>
    Fatal,
    /// <summary>What was read is not what was stored, here and not elsewhere in the store; whoever knows the object's parts can try them one by one.</summary>
    Damaged,
}

/// <summary>A failure of the store, with what can be done about it. The message names the store, the key, the cause and the remedy.</summary>
public sealed class ObjectStoreException(ObjectStoreError error, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The kind of failure.</summary>
    public ObjectStoreError Error { get; } = error;
}
