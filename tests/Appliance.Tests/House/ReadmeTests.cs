namespace Lunaria.Appliance.Tests.House;

/// <summary>What the README shows is what is compiled and what is there.</summary>
[TestClass]
public sealed class ReadmeTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));

    [TestMethod]
    public void The_embedding_sample_is_the_compiled_one()
    {
        var compiled = File.ReadAllLines(Path.Combine(Repository.Root, "tests", "Iscsi.Tests", "EmbeddingSample.cs")).Select(line => line.Trim()).ToHashSet();
        var shown = Readme.Split("```csharp")[1].Split("```")[0].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.IsLessThanOrEqualTo(10, shown.Length);
        foreach (var line in shown)
            Assert.Contains(line, compiled);
    }

    [TestMethod]
    public void Every_package_has_its_reason()
    {
        var packages = System.Xml.Linq.XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion");
        foreach (var name in packages.Select(package => package.Attribute("Include")!.Value))
            StringAssert.Contains(Readme, name);
    }

    [TestMethod]
    public void Every_file_it_links_to_is_there()
    {
        foreach (var link in System.Text.RegularExpressions.Regex.Matches(Readme, @"\]\(([^)#]+)\)").Select(match => match.Groups[1].Value))
            Assert.IsTrue(File.Exists(Path.Combine(Repository.Root, link)), link);
    }
}
