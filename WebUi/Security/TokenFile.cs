using System.Text;

namespace Lunaria.WebUi.Security;

/// <summary>
/// The administrator's token of a data directory, in <c>web/token</c>, readable by the owner only: who can read the directory may do everything.
/// The command line uses it. Stateless.
/// </summary>
public static class TokenFile
{
    /// <summary>Where the file lies.</summary>
    public static string GetPath(string dataDirectory) => Path.Combine(dataDirectory, "web", "token");

    /// <summary>Reads the token, and makes the file where absent.</summary>
    public static string Open(string dataDirectory)
    {
        var path = GetPath(dataDirectory);
        if (!File.Exists(path))
            PrivateFile.Write(path, Encoding.UTF8.GetBytes(SecretToken.Create() + "\n"));
        var token = File.ReadAllText(path).Trim();
        return token.Length >= 32
            ? token
            : throw new InvalidDataException($"{path} holds no token: delete it, and the next start makes a new one");
    }
}
