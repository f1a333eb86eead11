using System.Security.Cryptography;
using System.Text;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// The page's first use: nobody has a password yet, and whoever has read the one-time code, which the program prints at its start, may set the
/// administrator's. The code is another one at each start, and void from the first user on. Any thread.
/// </summary>
public sealed class FirstRun
{
    private const int CodeLetters = 12;

    /// <summary>Without letters and digits that are taken for each other.</summary>
    private const string Alphabet = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";

    private readonly UserService _users;
    private readonly string _code;

    internal FirstRun(UserService users) => (_users, _code) = (users, RandomNumberGenerator.GetString(Alphabet, CodeLetters));

    /// <summary>The code, like ABCD-EFGH-JKMN; null where somebody has a password.</summary>
    public string? Code => _users.IsFirstRun ? string.Join('-', _code.Chunk(4).Select(part => new string(part))) : null;

    /// <summary>
    /// Makes the administrator and logs him in: the content of the cookie, and who it is. <see cref="RefusalKind.Exists"/> where somebody has a password,
    /// <see cref="RefusalKind.Unauthenticated"/> where the code is wrong.
    /// </summary>
    public async Task<(string Cookie, Actor Actor)> SetUpAsync(SetUp wanted, string origin)
    {
        if (!_users.IsFirstRun)
            throw new RefusedException(RefusalKind.Exists, "There is an administrator already: log in. Who has lost the password sets another one with lunaria passwd on the machine itself.");
        string[] keys = [$"from {origin}", "first run"];
        _users.Limiter.Check(keys);
        var given = wanted.Code.Replace("-", "", StringComparison.Ordinal).Trim().ToUpperInvariant();
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(_code)))
        {
            _users.Limiter.Failed(keys);
            throw new RefusedException(RefusalKind.Unauthenticated, "The code is wrong. The program prints the right one at each start.", "code");
        }

        await _users.SetAsync(new Actor("first run", Scopes.All, origin), wanted.Name, new SetUser { Password = wanted.Password, Role = Role.Administrator });
        return await _users.LogInAsync(new LogIn { Name = wanted.Name, Password = wanted.Password }, origin);
    }
}
