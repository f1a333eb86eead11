using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// The keys of the store, which only the program knows. <paramref name="Rotate"/> takes where the next wrapping key is, not the key. All fail with <see cref="RefusedException"/>.
/// </summary>
public sealed record EncryptionAccess(Func<EncryptionView> Show, Func<string, Task> Rotate, Func<Task> AddDataKey);

/// <summary>The encryption of the store as administrators see it: ids of keys, never a key. Any thread.</summary>
public sealed class EncryptionService
{
    private const string KeysSubject = "encryption";
    private readonly EncryptionAccess? _store;
    private readonly ChangeRecorder _changes;

    internal EncryptionService(EncryptionAccess? store, ChangeRecorder changes) => (_store, _changes) = (store, changes);

    /// <summary>What is encrypted, and by which keys.</summary>
    public EncryptionView Show() => _store?.Show() ?? new EncryptionView(false, [], 0, false, true, 0, 0);

    /// <summary>The store is opened by the key at <paramref name="wanted"/>, too, and by it alone after a start with it.</summary>
    public Task<EncryptionView> RotateAsync(Actor actor, RotateKey wanted) => _changes.RunAsync(actor, "encryption.rotate", KeysSubject, async change =>
    {
        change.Begin(Show());
        await Get().Rotate(wanted.Source);
        var after = Show();
        change.After = after;
        return after;
    });

    /// <summary>What is stored from now on is encrypted with a new data key.</summary>
    public Task<EncryptionView> RenewAsync(Actor actor) => _changes.RunAsync(actor, "encryption.renew", KeysSubject, async change =>
    {
        change.Begin(Show());
        await Get().AddDataKey();
        var after = Show();
        change.After = after;
        return after;
    });

    private EncryptionAccess Get() => _store ?? throw new RefusedException(
        RefusalKind.NotFound, "The store is not encrypted. Set backend.encryptionKey and start the appliance again; what is stored from then on is encrypted.");
}
