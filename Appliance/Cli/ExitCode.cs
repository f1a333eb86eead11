namespace Lunaria.Appliance.Cli;

/// <summary>How the program ends; scripts rely on the numbers.</summary>
internal static class ExitCode
{
    /// <summary>Done, or stopped in order.</summary>
    public const int Ok = 0;

    /// <summary>The configuration is right, but it did not work: a port is taken, a disk is gone.</summary>
    public const int Failed = 1;

    /// <summary>Wrong configuration or wrong command line.</summary>
    public const int WrongUsage = 2;
}
