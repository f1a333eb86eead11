namespace Lunaria.Iscsi;

/// <summary>
/// READ and WRITE commands of all hosts at a logical unit since it was made, the bytes they moved, and how long they took, from the arrival of the command
/// to the moment its answer is ready to be sent. A copy; any thread.
/// </summary>
public sealed record UnitTransfers(long Reads, long Writes, long BytesRead, long BytesWritten, LatencyHistogram ReadLatency, LatencyHistogram WriteLatency);
