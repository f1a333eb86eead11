using System.Reflection;

namespace Lunaria.Appliance.Hosting;

/// <summary>The version of this build, as Directory.Build.props says. Any thread.</summary>
internal static class ProductVersion
{
    /// <summary>Like "0.1.0".</summary>
    public static string Text { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
