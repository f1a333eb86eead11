namespace Lunaria.Appliance.Cli;

/// <summary>A verb cannot do what it was asked for. The message names the thing, the cause and the remedy in one line.</summary>
internal sealed class VerbException(int exitCode, string message) : Exception(message)
{
    /// <summary>How the program ends.</summary>
    public int ExitCode { get; } = exitCode;
}
