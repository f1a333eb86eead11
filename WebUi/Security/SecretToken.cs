using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Lunaria.WebUi.Security;

/// <summary>Random tokens of 256 bits, and what is kept of them. Stateless; any thread.</summary>
internal static class SecretToken
{
    private const int Bytes = 32;

    /// <summary>A new token, as text for a header.</summary>
    public static string Create() => "lun_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>What is kept of a token. It is random, so one round of a hash is enough.</summary>
    public static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>What a page that has the cookie <paramref name="token"/> must send with a change; another site's page cannot know it.</summary>
    public static string Antiforgery(string token) => Base64Url.EncodeToString(Hash($"antiforgery/{token}"));
}
