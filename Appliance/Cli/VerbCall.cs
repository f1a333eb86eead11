using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Lunaria.Appliance.Settings;

namespace Lunaria.Appliance.Cli;

/// <summary>One run of a verb that speaks to a running appliance: its arguments, the API, and where answers go. One thread.</summary>
internal sealed class VerbCall(ParseResult parsed, ServerOptions server, ApiClient api)
{
    /// <summary>The API.</summary>
    public ApiClient Api => api;

    /// <summary>Standard output.</summary>
    public TextWriter Output => parsed.InvocationConfiguration.Output;

    /// <summary>True where the API's answer is to be shown as it is.</summary>
    public bool IsJson => server.IsJson(parsed);

    /// <summary>The value of an argument.</summary>
    public T Get<T>(Argument<T> argument) => parsed.GetValue(argument)!;

    /// <summary>The value of an option.</summary>
    public T? Get<T>(Option<T> option) => parsed.GetValue(option);

    /// <summary>Sends a request and shows the answer: as it is, or by <paramref name="show"/>.</summary>
    public async Task ShowAsync<T>(HttpMethod method, string path, JsonTypeInfo<T> type, Action<T> show) =>
        Show(await api.SendAsync(method, path), type, show);

    /// <summary>The same with a body.</summary>
    public async Task ShowAsync<TBody, T>(HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type, Action<T> show)
        where TBody : class =>
        Show(await api.SendAsync(method, path, body, bodyType), type, show);

    /// <summary>Sends a request that has no answer, and says that it is done.</summary>
    public async Task DoAsync(HttpMethod method, string path, string done)
    {
        await api.SendAsync(method, path);
        if (!IsJson)
            Output.WriteLine(done);
    }

    /// <summary>Asks before something that hurts. Scripts say --yes.</summary>
    public void Confirm(string consequence)
    {
        if (server.IsYes(parsed))
            return;
        if (Console.IsInputRedirected)
            throw new VerbException(ExitCode.WrongUsage, $"{consequence} Say --yes where you want that");
        Console.Error.Write($"{consequence} Go on? [y/N] ");
        if (Console.ReadLine()?.Trim() is not ("y" or "Y" or "yes"))
            throw new VerbException(ExitCode.Failed, "nothing was done");
    }

    /// <summary>A secret: typed unseen where a person sits there, else the next line of standard input.</summary>
    public static string ReadSecret(string what)
    {
        if (Console.IsInputRedirected)
            return Console.ReadLine() ?? throw new VerbException(ExitCode.WrongUsage, $"{what} is missing: write it to standard input, a line of its own");
        Console.Error.Write($"{what}: ");
        var typed = new System.Text.StringBuilder();
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter)
        {
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                typed.Append(key.KeyChar);
        }

        Console.Error.WriteLine();
        return typed.ToString();
    }

    /// <summary>A part of a path, with what it must not contain written otherwise.</summary>
    public static string Part(string text) => Uri.EscapeDataString(text);

    /// <summary>Bytes for people.</summary>
    public static string Size(long bytes) => new ByteSize(bytes).ToRoundedString();

    /// <summary>Space of the pool for people.</summary>
    public static string Space(long usedBytes, long reservedBytes, long freeBytes, long totalBytes) =>
        $"{Size(usedBytes)} used, {Size(reservedBytes)} reserved, {Size(freeBytes)} free of {Size(totalBytes)}";

    private void Show<T>(string answer, JsonTypeInfo<T> type, Action<T> show)
    {
        if (IsJson)
            Output.WriteLine(answer);
        else
            show(JsonSerializer.Deserialize(answer, type)!);
    }
}
