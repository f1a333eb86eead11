using System.CommandLine;
using Lunaria.Appliance.Hosting;
using Lunaria.WebUi.Security;

namespace Lunaria.Appliance.Cli;

/// <summary>
/// The options of every verb that speaks to a running appliance: which one, and who asks. Without them it is the one of this machine's data
/// directory, whose files hold address, certificate and token. One instance serves the whole command line.
/// </summary>
internal sealed class ServerOptions(ConfigurationOptions configuration)
{
    private readonly Option<string?> _server = new("--server")
    {
        Description = "Another appliance's API, like https://storage1:8480; or LUNARIA_SERVER. Needs a token.",
        HelpName = "URL",
    };

    private readonly Option<string?> _token = new("--token-file")
    {
        Description = "A file with the token to use; or LUNARIA_TOKEN, the token itself.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _certificate = new("--certificate")
    {
        Description = "The certificate of --server, PEM, where this machine does not trust it; or LUNARIA_CERTIFICATE.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _json = new("--json") { Description = "The API's answer as it is, for scripts." };

    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "Do not ask." };

    /// <summary>Gives a verb these options. <paramref name="asks"/>: it asks before it does something that hurts.</summary>
    public void AddTo(Command verb, bool asks)
    {
        configuration.AddDirectoryTo(verb);
        verb.Add(_server);
        verb.Add(_token);
        verb.Add(_certificate);
        verb.Add(_json);
        if (asks)
            verb.Add(_yes);
    }

    /// <summary>True where the answer is to be shown as it is.</summary>
    public bool IsJson(ParseResult parsed) => parsed.GetValue(_json);

    /// <summary>True where nothing is to be asked.</summary>
    public bool IsYes(ParseResult parsed) => parsed.GetValue(_yes);

    /// <summary>The appliance that is meant; <see cref="VerbException"/> where it cannot be found.</summary>
    public ApiClient Connect(ParseResult parsed)
    {
        var server = (parsed.GetValue(_server) ?? Variable("LUNARIA_SERVER")) is { } url ? ReadAddress(url) : null;
        var certificate = parsed.GetValue(_certificate) ?? Variable("LUNARIA_CERTIFICATE");
        var token = parsed.GetValue(_token) is { } file ? ReadLine(file) : Variable("LUNARIA_TOKEN");
        if (server == null)
        {
            var data = configuration.GetDataDirectory(parsed);
            var urlPath = WebPages.GetUrlPath(data);
            if (!File.Exists(urlPath))
                throw new VerbException(ExitCode.Failed, $"no appliance runs on {data} (there is no {urlPath}). Start it with lunaria run, name its directory with --data, or another one with --server");
            server = new Uri(ReadLine(urlPath));
            token ??= ReadLine(TokenFile.GetPath(data));
            certificate ??= WebCertificate.GetPath(data);
        }

        return token != null
            ? new ApiClient(server, token, certificate)
            : throw new VerbException(ExitCode.WrongUsage, "--server needs a token: --token-file FILE, or LUNARIA_TOKEN (lunaria token create makes one)");
    }

    private static Uri ReadAddress(string url) => Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps
        ? address
        : throw new VerbException(ExitCode.WrongUsage, $"--server {url} is not the address of an API: write https://HOST:PORT");

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string ReadLine(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VerbException(ExitCode.Failed, $"{path} cannot be read: {e.Message} It belongs to whoever runs the appliance");
        }
    }
}
