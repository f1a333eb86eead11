namespace Lunaria.Volumes.Io;

/// <summary>The file system has no space for a write or a reservation.</summary>
public sealed class DiskFullException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>Another process uses the directory. The message names the directory and the process.</summary>
public sealed class DirectoryInUseException(string message) : IOException(message);
