namespace Lunaria.Appliance.Hosting;

/// <summary>
/// The appliance cannot start or go on, for a reason outside the program: a port is taken, a directory is not writable, a disk is gone.
/// The message names the thing, the cause and the remedy in one line.
/// </summary>
internal sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);
