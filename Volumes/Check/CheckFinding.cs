namespace Lunaria.Volumes.Check;

/// <summary>
/// Something that is not as it has to be. <paramref name="Kind"/>: one of <see cref="CheckKinds"/>; <paramref name="Subject"/>: the file, row or object; <paramref name="Detail"/>: what
/// is wrong with it, in words; <paramref name="Repaired"/>: it was put right.
/// </summary>
public sealed record CheckFinding(string Kind, string Subject, string Detail, bool Repaired = false);
