namespace Lunaria.Volumes.Check;

/// <summary>
/// Background verification now. <paramref name="BytesPerSecond"/>: 0 = off; <paramref name="ReadBytes"/>: since the engine was opened; <paramref name="Position"/> of
/// <paramref name="End"/>: numbers of segments in this pass; <paramref name="Passes"/>: ended since the engine was opened; <paramref name="Damages"/>: what is damaged still, an object each.
/// </summary>
public sealed record VerificationStatus(
    long BytesPerSecond, long ReadBytes, long Position, long End, int Passes, DateTimeOffset? LastPass, IReadOnlyList<CheckFinding> Damages);
