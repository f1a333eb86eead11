namespace Lunaria.WebUi;

/// <summary>Numbers of things in messages for people. Stateless.</summary>
public static class Plural
{
    /// <summary>"1 target", "2 targets".</summary>
    public static string Of(long count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
