using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Security;
using Nito.AsyncEx;

namespace Lunaria.WebUi.Administration;

/// <summary>People who log in with a password. Any thread.</summary>
public sealed class UserService
{
    private readonly AccountStore _store;
    private readonly TokenService _tokens;
    private readonly ChangeRecorder _changes;
    private readonly TimeProvider _time;
    private readonly LogInLimiter _limiter;
    private readonly AsyncLock _hashing = new();

    // A user that is not there costs as much time as one that is.
    private readonly Lazy<string> _nobody = new(() => PasswordHash.Create(SecretToken.Create()));

    internal UserService(AccountStore store, TokenService tokens, ChangeRecorder changes, TimeProvider time) =>
        (_store, _tokens, _changes, _time, _limiter) = (store, tokens, changes, time, new LogInLimiter(time));

    /// <summary>True as long as nobody has a password.</summary>
    public bool IsFirstRun => _store.ReadUsers().Count == 0;

    /// <summary>Slows down who guesses.</summary>
    internal LogInLimiter Limiter => _limiter;

    /// <summary>All users, by name.</summary>
    public IReadOnlyList<UserView> List() => [.. _store.ReadUsers().Select(View)];

    /// <summary>Creates a user or changes his password and role; his log-ins end. False where he was there.</summary>
    public async Task<(UserView User, bool Created)> SetAsync(Actor actor, string name, SetUser wanted)
    {
        RefusedException.Check("name", name, Names.Plain);
        RefusedException.Check("password", wanted.Password, Names.Password, secret: true);
        if (wanted.Role is { } role && !Enum.IsDefined(role))
            throw new RefusedException(RefusalKind.Invalid, "role: write readOnly or administrator.", "role");
        var password = await HashAsync(() => PasswordHash.Create(wanted.Password));
        return await _changes.RunAsync(actor, "user.set", "users", change =>
        {
            var before = Find(name);
            var scopes = wanted.Role is { } given ? (Scopes)given : before?.Scopes ?? Scopes.All;
            CheckLastAdministrator(name, scopes);
            var user = new UserRecord(name, scopes, password, _time.GetUtcNow());
            _store.SetUser(user);
            _tokens.EndLogIns(name);
            if (before != null)
                change.Begin(View(before));
            change.After = View(user);
            return (View(user), before == null);
        });
    }

    /// <summary>Deletes a user; his log-ins end.</summary>
    public Task<bool> DeleteAsync(Actor actor, string name) => _changes.RunAsync(actor, "user.delete", "users", change =>
    {
        var user = Find(name) ?? throw new RefusedException(RefusalKind.NotFound, $"There is no user {name}.");
        CheckLastAdministrator(name, Scopes.None);
        _store.RemoveUser(name);
        _tokens.EndLogIns(name);
        change.Begin(View(user));
        return true;
    });

    /// <summary>
    /// Logs in: the content of the cookie, and who it is. <see cref="RefusalKind.Unauthenticated"/> does not tell whether the user is there;
    /// <see cref="RefusalKind.TooManyAttempts"/> after some failures.
    /// </summary>
    public async Task<(string Cookie, Actor Actor)> LogInAsync(LogIn wanted, string origin)
    {
        string[] keys = [$"from {origin}", $"user {wanted.Name}"];
        _limiter.Check(keys);
        if (await CheckAsync(wanted, origin) is not { } actor)
        {
            _limiter.Failed(keys);
            throw new RefusedException(RefusalKind.Unauthenticated, "The name or the password is wrong.");
        }

        _limiter.Succeeded(keys);
        var cookie = _tokens.BeginLogIn(actor.Name, actor.Scopes);
        return (cookie, actor with { ByCookie = true });
    }

    /// <summary>Ends a log-in.</summary>
    public void LogOut(Actor actor)
    {
        if (actor.TokenId is { } id)
            _tokens.EndLogIn(id);
    }

    private async Task<Actor?> CheckAsync(LogIn wanted, string origin)
    {
        if (wanted.Token is { } token)
            return _tokens.Find(token, origin);
        if (wanted.Name == null || wanted.Password == null)
            throw new RefusedException(RefusalKind.Invalid, "A log-in has name and password, or token.", "name");
        var user = Find(wanted.Name);
        var right = await HashAsync(() => PasswordHash.Verify(wanted.Password, user?.Password ?? _nobody.Value));
        return right && user != null ? new Actor(user.Name, user.Scopes, origin) : null;
    }

    /// <summary>One at a time: hashing is made to take long, and must not take all processors.</summary>
    private async Task<T> HashAsync<T>(Func<T> work)
    {
        using (await _hashing.LockAsync())
        {
            return await Task.Run(work);
        }
    }

    private void CheckLastAdministrator(string name, Scopes scopes)
    {
        var others = _store.ReadUsers().Where(user => user.Name != name && user.Scopes == Scopes.All);
        if (scopes != Scopes.All && Find(name)?.Scopes == Scopes.All && !others.Any())
            throw new RefusedException(RefusalKind.InUse, $"{name} is the last administrator. Make another one first.");
    }

    private UserRecord? Find(string name) => _store.ReadUsers().FirstOrDefault(user => user.Name == name);

    private static UserView View(UserRecord user) => new(user.Name, (Role)user.Scopes, user.Changed);
}
