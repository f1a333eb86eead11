using System.CommandLine;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria passwd</c>, <c>lunaria user ...</c> and <c>lunaria token ...</c>.</summary>
internal static class AccountVerbs
{
    public static Command Passwd(VerbFactory verbs)
    {
        var name = new Argument<string>("USER") { Description = "The user; admin where left out.", DefaultValueFactory = _ => "admin" };
        var role = new Option<string?>("--role") { Description = "administrator or read-only; as it is where left out.", HelpName = "ROLE" };
        role.AcceptOnlyFromAmong("administrator", "read-only");
        return verbs.Create(
            "passwd",
            "Set a user's password, and create him where he is not there. It is asked for, or read from standard input.",
            "passwd admin < password.txt",
            call =>
            {
                var password = VerbCall.ReadSecret("New password");
                if (!Console.IsInputRedirected && VerbCall.ReadSecret("Once more") != password)
                    throw new VerbException(ExitCode.WrongUsage, "the two passwords differ");
                var user = new SetUser { Password = password, Role = call.Get(role) switch { "administrator" => Role.Administrator, "read-only" => Role.ReadOnly, _ => null } };
                return call.ShowAsync(
                    HttpMethod.Put, $"users/{VerbCall.Part(call.Get(name))}", user, ApiJson.Default.SetUser, ApiJson.Default.UserView, view => Show([view], call.Output));
            },
            [name, role]);
    }

    public static Command Users(VerbFactory verbs)
    {
        var name = new Argument<string>("USER") { Description = "The user." };
        return VerbFactory.Noun(
            "user",
            "Users: who may log in with a password (passwd creates them).",
            verbs.Create("list", "All users.", "user list", call =>
                call.ShowAsync(HttpMethod.Get, "users", ApiJson.Default.IReadOnlyListUserView, users => Show(users, call.Output))),
            verbs.Create(
                "delete",
                "Delete a user; his log-ins end.",
                "user delete guest --yes",
                call =>
                {
                    call.Confirm($"The user {call.Get(name)} goes.");
                    return call.DoAsync(HttpMethod.Delete, $"users/{VerbCall.Part(call.Get(name))}", $"deleted {call.Get(name)}");
                },
                [name],
                asks: true));
    }

    public static Command Tokens(VerbFactory verbs)
    {
        var id = new Argument<string>("TOKEN") { Description = "Its name or number." };
        return VerbFactory.Noun(
            "token",
            "Tokens: what scripts show instead of a password.",
            CreateToken(verbs),
            verbs.Create("list", "All tokens, without their secrets.", "token list", call =>
                call.ShowAsync(HttpMethod.Get, "tokens", ApiJson.Default.IReadOnlyListTokenView, tokens => Show(tokens, call.Output))),
            verbs.Create(
                "revoke",
                "End a token.",
                "token revoke backup --yes",
                call =>
                {
                    call.Confirm($"Scripts that use the token {call.Get(id)} stop working.");
                    return call.DoAsync(HttpMethod.Delete, $"tokens/{VerbCall.Part(call.Get(id))}", $"revoked {call.Get(id)}");
                },
                [id],
                asks: true));
    }

    private static Command CreateToken(VerbFactory verbs)
    {
        var name = new Argument<string>("NAME") { Description = "What it is for." };
        var scopes = new Option<Scope[]>("--scope") { Description = "What it may do: read, volumes, targets, system; may be given several times. Default: read.", HelpName = "SCOPE" };
        var days = new Option<int>("--days") { Description = "How long it is valid.", HelpName = "DAYS", DefaultValueFactory = _ => 365 };
        return verbs.Create(
            "create",
            "Make a token. Its secret goes to standard output, only now.",
            "token create backup --scope read --scope volumes --days 90",
            call =>
            {
                var wanted = new CreateToken { Name = call.Get(name), Days = call.Get(days) };
                if (call.Get(scopes) is { Length: > 0 } given)
                    wanted.Scopes = given;
                return call.ShowAsync(
                    HttpMethod.Post, "tokens", wanted, ApiJson.Default.CreateToken, ApiJson.Default.NewTokenView, made => call.Output.WriteLine(made.Secret));
            },
            [name, scopes, days]);
    }

    private static void Show(IEnumerable<UserView> users, TextWriter output)
    {
        var table = new TextTable("USER", "ROLE", "PASSWORD SET (UTC)");
        foreach (var user in users)
            table.Add(user.Name, user.Role == Role.Administrator ? "administrator" : "read-only", $"{user.PasswordChanged.UtcDateTime:yyyy-MM-dd HH:mm}");
        table.Write(output);
    }

    private static void Show(IEnumerable<TokenView> tokens, TextWriter output)
    {
        var table = new TextTable("NUMBER", "NAME", "SCOPES", "EXPIRES (UTC)");
        foreach (var token in tokens)
            table.Add($"{token.Id}", token.Name, string.Join(' ', token.Scopes).ToLowerInvariant(), $"{token.Expires.UtcDateTime:yyyy-MM-dd}");
        table.Write(output, "NUMBER");
    }
}
