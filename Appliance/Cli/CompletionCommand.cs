using System.CommandLine;

namespace Lunaria.Appliance.Cli;

/// <summary>
/// <c>lunaria completion SHELL</c>: prints what makes a shell complete verbs and options. The shells ask the program itself, by the library's [suggest] directive.
/// </summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _lunaria() {
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$(lunaria "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _lunaria lunaria
        """;

    private const string Zsh = """
        #compdef lunaria
        _lunaria() { compadd -- ${(f)"$(lunaria "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)"} }
        compdef _lunaria lunaria
        """;

    private const string Fish = """
        complete -c lunaria -f -a '(lunaria "[suggest:"(commandline -C)"]" (commandline -p) 2>/dev/null)'
        """;

    private const string PowerShell = """
        Register-ArgumentCompleter -Native -CommandName lunaria -ScriptBlock {
          param($word, $line, $position)
          lunaria "[suggest:$position]" "$line" | Where-Object { $_ -like "$word*" }
        }
        """;

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh, fish or powershell." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish", "powershell");
        var command = new Command("completion", "Print what makes a shell complete verbs and options; to be read by its start-up file.\nExample: lunaria completion bash") { shell };
        command.SetAction(parsed => parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(shell) switch
        {
            "zsh" => Zsh,
            "fish" => Fish,
            "powershell" => PowerShell,
            _ => Bash,
        }));
        return command;
    }
}
