namespace Lunaria.Appliance.Tests;

/// <summary>The checkout that the tests were built from, found by its solution file.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        for (var directory = AppContext.BaseDirectory; directory != null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, "Lunaria.slnx")))
                return directory;
        }

        throw new DirectoryNotFoundException($"no Lunaria.slnx above {AppContext.BaseDirectory}");
    }
}
