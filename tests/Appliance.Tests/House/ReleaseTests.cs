using System.Diagnostics;
using System.Reflection;

namespace Lunaria.Appliance.Tests.House;

[TestClass]
public sealed class ReleaseTests
{
    [TestMethod]
    [DataRow("lunaria")]
    [DataRow("Lunaria.Iscsi")]
    [DataRow("Lunaria.Volumes")]
    [DataRow("Lunaria.Backends")]
    [DataRow("Lunaria.WebUi")]
    public void What_is_built_without_naming_a_configuration_is_optimised(string assembly)
    {
        if (Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration == "Debug")
            Assert.Inconclusive("This build was asked for with -c Debug.");
        var debuggable = Assembly.Load(assembly).GetCustomAttribute<DebuggableAttribute>();
        Assert.IsFalse(debuggable?.IsJITOptimizerDisabled ?? false, assembly);
    }
}
