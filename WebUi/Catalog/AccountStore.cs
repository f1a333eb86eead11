using Lunaria.WebUi.Administration;

namespace Lunaria.WebUi.Catalog;

/// <summary>What a token is.</summary>
internal enum TokenKind
{
    /// <summary>Made for a script.</summary>
    Api = 1,
    /// <summary>The cookie of a log-in.</summary>
    LogIn = 2,
}

/// <summary>A token in lunaria.db: only the hash of it. <paramref name="Name"/>: what it is for, or who logged in.</summary>
internal sealed record TokenRecord(long Id, byte[] Hash, string Name, TokenKind Kind, Scopes Scopes, DateTimeOffset Created, DateTimeOffset Expires);

/// <summary>A user in lunaria.db. <paramref name="Password"/>: a hash, see <see cref="Security.PasswordHash"/>.</summary>
internal sealed record UserRecord(string Name, Scopes Scopes, string Password, DateTimeOffset Changed);

/// <summary>Users and tokens in lunaria.db. Every change is durable when the call returns. Any thread.</summary>
internal sealed class AccountStore(CatalogDatabase database)
{
    /// <summary>All users, by name.</summary>
    public IReadOnlyList<UserRecord> ReadUsers() => database.Read("SELECT name, scopes, password, changed FROM users ORDER BY name", row =>
        new UserRecord(row.GetString(0), (Scopes)row.GetInt32(1), row.GetString(2), Time(row.GetInt64(3))));

    /// <summary>Adds or replaces a user.</summary>
    public void SetUser(UserRecord user) => database.Change(
        "INSERT OR REPLACE INTO users (name, scopes, password, changed) VALUES ($1, $2, $3, $4)",
        user.Name, (int)user.Scopes, user.Password, user.Changed.ToUnixTimeMilliseconds());

    /// <summary>Removes a user.</summary>
    public void RemoveUser(string name) => database.Change("DELETE FROM users WHERE name = $1", name);

    /// <summary>All tokens, in the order of their making.</summary>
    public IReadOnlyList<TokenRecord> ReadTokens() => database.Read("SELECT id, hash, name, kind, scopes, created, expires FROM tokens ORDER BY id", row =>
        new TokenRecord(
            row.GetInt64(0), row.GetFieldValue<byte[]>(1), row.GetString(2), (TokenKind)row.GetInt32(3), (Scopes)row.GetInt32(4), Time(row.GetInt64(5)), Time(row.GetInt64(6))));

    /// <summary>Adds a token; the record with its number.</summary>
    public TokenRecord AddToken(TokenRecord token) => token with
    {
        Id = database.Insert(
            "INSERT INTO tokens (hash, name, kind, scopes, created, expires) VALUES ($1, $2, $3, $4, $5, $6)",
            token.Hash, token.Name, (int)token.Kind, (int)token.Scopes, token.Created.ToUnixTimeMilliseconds(), token.Expires.ToUnixTimeMilliseconds()),
    };

    /// <summary>Removes a token.</summary>
    public void RemoveToken(long id) => database.Change("DELETE FROM tokens WHERE id = $1", id);

    private static DateTimeOffset Time(long unixTimeMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixTimeMs);
}
