using System.Collections.Immutable;
using System.Security.Cryptography;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Security;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// Tokens: who asks is found by the token of his request. The token file, tokens of scripts, and the cookies of log-ins. Any thread.
/// </summary>
public sealed class TokenService
{
    private const int MaxTokens = 1000;
    private static readonly TimeSpan LogInLifetime = TimeSpan.FromHours(12);

    private readonly AccountStore _store;
    private readonly ChangeRecorder _changes;
    private readonly TimeProvider _time;
    private readonly byte[] _fileHash;
    private ImmutableDictionary<string, TokenRecord> _byHash;

    internal TokenService(AccountStore store, ChangeRecorder changes, string fileToken, TimeProvider time)
    {
        (_store, _changes, _time, _fileHash) = (store, changes, time, SecretToken.Hash(fileToken));
        _byHash = store.ReadTokens().ToImmutableDictionary(token => Convert.ToHexString(token.Hash));
    }

    /// <summary>Who has this token; null where it is unknown or has expired.</summary>
    public Actor? Find(string token, string origin)
    {
        var hash = SecretToken.Hash(token);
        if (CryptographicOperations.FixedTimeEquals(hash, _fileHash))
            return new Actor("token file", Scopes.All, origin);
        return _byHash.TryGetValue(Convert.ToHexString(hash), out var record) && record.Expires > _time.GetUtcNow()
            ? new Actor(record.Kind == TokenKind.LogIn ? record.Name : $"token {record.Name}", record.Scopes, origin) { TokenId = record.Id }
            : null;
    }

    /// <summary>All tokens of scripts.</summary>
    public IReadOnlyList<TokenView> List() => [.. _byHash.Values.Where(token => token.Kind == TokenKind.Api).OrderBy(token => token.Id).Select(View)];

    /// <summary>Makes a token for a script.</summary>
    public Task<NewTokenView> CreateAsync(Actor actor, CreateToken wanted)
    {
        RefusedException.Check("name", wanted.Name, Names.Plain);
        if (wanted.Days is < 1 or > 3650)
            throw new RefusedException(RefusalKind.Invalid, $"days: {wanted.Days} is out of range: allowed are 1 to 3650.", "days");
        IReadOnlyList<Scope> words = wanted.Scopes ?? [Scope.Read];
        if (words.Count == 0 || words.Any(scope => !Enum.IsDefined(scope)))
            throw new RefusedException(RefusalKind.Invalid, "scopes: write one or more of read, volumes, targets, system.", "scopes");
        var scopes = words.Aggregate(Scopes.None, (all, scope) => all | (Scopes)scope);
        if ((scopes & ~actor.Scopes) != 0)
            throw new RefusedException(RefusalKind.Forbidden, "A token cannot do more than who makes it.");
        return _changes.RunAsync(actor, "token.create", $"token {wanted.Name}", change =>
        {
            if (List().Any(token => token.Name == wanted.Name))
                throw new RefusedException(RefusalKind.Exists, $"There is a token {wanted.Name} already. Choose another name, or revoke it first.", "name");
            var (record, secret) = Add(wanted.Name, TokenKind.Api, scopes, TimeSpan.FromDays(wanted.Days));
            var view = View(record);
            change.After = view;
            return new NewTokenView(view, secret);
        });
    }

    /// <summary>Ends a token of a script, by number or name.</summary>
    public Task<bool> RevokeAsync(Actor actor, string id) => _changes.RunAsync(actor, "token.revoke", $"token {id}", change =>
    {
        var view = List().FirstOrDefault(token => token.Name == id || $"{token.Id}" == id) ?? throw new RefusedException(RefusalKind.NotFound, $"There is no token {id}.");
        change.Begin(view);
        Remove(token => token.Id == view.Id);
        return true;
    });

    /// <summary>A user has logged in: the content of his cookie.</summary>
    internal string BeginLogIn(string user, Scopes scopes)
    {
        Remove(token => token.Expires <= _time.GetUtcNow());
        return Add(user, TokenKind.LogIn, scopes, LogInLifetime).Secret;
    }

    /// <summary>A log-in is over.</summary>
    internal void EndLogIn(long id) => Remove(token => token.Kind == TokenKind.LogIn && token.Id == id);

    /// <summary>All log-ins of a user are over.</summary>
    internal void EndLogIns(string user) => Remove(token => token.Kind == TokenKind.LogIn && token.Name == user);

    private (TokenRecord Record, string Secret) Add(string name, TokenKind kind, Scopes scopes, TimeSpan lifetime)
    {
        if (_byHash.Count >= MaxTokens)
            throw new RefusedException(RefusalKind.Exists, $"There are {MaxTokens} tokens and log-ins. Revoke some first.");
        var secret = SecretToken.Create();
        var now = _time.GetUtcNow();
        var record = _store.AddToken(new TokenRecord(0, SecretToken.Hash(secret), name, kind, scopes, now, now + lifetime));
        ImmutableInterlocked.TryAdd(ref _byHash, Convert.ToHexString(record.Hash), record);
        return (record, secret);
    }

    private void Remove(Func<TokenRecord, bool> which)
    {
        foreach (var token in _byHash.Values.Where(which))
        {
            ImmutableInterlocked.TryRemove(ref _byHash, Convert.ToHexString(token.Hash), out _);
            _store.RemoveToken(token.Id);
        }
    }

    private static TokenView View(TokenRecord token) =>
        new(token.Id, token.Name, Words(token.Scopes), token.Created, token.Expires);

    /// <summary>The single scopes of a set.</summary>
    internal static IReadOnlyList<Scope> Words(Scopes scopes) => [.. Enum.GetValues<Scope>().Where(scope => scopes.HasFlag((Scopes)scope))];
}
