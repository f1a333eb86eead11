namespace Lunaria.Testing;

/// <summary>Seeds of random tests: new ones in each run, or the one of the environment variable LUNARIA_SEED, to repeat a failure.</summary>
public static class Seed
{
    /// <summary>One seed; the test names it in its messages.</summary>
    public static int One() => Many(1)[0];

    /// <summary>Several seeds; only one where the environment names it.</summary>
    public static int[] Many(int count) => int.TryParse(Environment.GetEnvironmentVariable("LUNARIA_SEED"), out int seed)
        ? [seed]
        : [.. Enumerable.Range(0, count).Select(_ => Random.Shared.Next())];
}
