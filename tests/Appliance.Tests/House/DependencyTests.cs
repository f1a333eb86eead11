using System.Reflection;
using System.Xml.Linq;

namespace Lunaria.Appliance.Tests.House;

/// <summary>The direction of references that docs/ARCHITECTURE.md draws, in the project files and in what was compiled from them.</summary>
[TestClass]
public sealed class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Iscsi"] = [],
        ["Volumes"] = [],
        ["Backends"] = ["Volumes"],
        ["WebUi"] = ["Iscsi", "Volumes"],
        ["Appliance"] = ["Iscsi", "Volumes", "Backends", "WebUi"],
    };

    [TestMethod]
    [DataRow("Iscsi")]
    [DataRow("Volumes")]
    [DataRow("Backends")]
    [DataRow("WebUi")]
    [DataRow("Appliance")]
    public void A_project_references_only_what_the_picture_shows(string project)
    {
        var file = XDocument.Load(Path.Combine(Repository.Root, project, $"{project}.csproj"));
        var projects = file.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
        CollectionAssert.IsSubsetOf(projects.ToArray(), Allowed[project]);

        var compiled = References(project).Where(name => name.StartsWith("Lunaria.", StringComparison.Ordinal)).Select(name => name["Lunaria.".Length..]);
        CollectionAssert.IsSubsetOf(compiled.ToArray(), Allowed[project]);
    }

    [TestMethod]
    [DataRow("Iscsi")]
    [DataRow("Volumes")]
    [DataRow("Backends")]
    public void The_libraries_know_no_web(string project)
    {
        Assert.IsFalse(References(project).Any(name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)));
        Assert.DoesNotContain("Microsoft.AspNetCore", File.ReadAllText(Path.Combine(Repository.Root, project, $"{project}.csproj")));
    }

    [TestMethod]
    public void The_target_library_needs_nothing_but_logging_abstractions()
    {
        var outside = References("Iscsi").Where(name => !name.StartsWith("System.", StringComparison.Ordinal)).ToArray();
        CollectionAssert.IsSubsetOf(outside, new[] { "Microsoft.Extensions.Logging.Abstractions" });
    }

    private static IEnumerable<string> References(string project) =>
        Assembly.Load(project == "Appliance" ? "lunaria" : $"Lunaria.{project}").GetReferencedAssemblies().Select(name => name.Name!);
}
