using System.Reflection;
using System.Text.RegularExpressions;

namespace Lunaria.Appliance.Tests.House;

/// <summary>What keeps the sources readable, checked on every file of the checkout.</summary>
[TestClass]
public sealed partial class TidyTests
{
    private const int MaxLines = 500;

    private static readonly string[] Libraries = ["Iscsi", "Volumes", "Backends", "WebUi", "Appliance"];

    [TestMethod]
    public void No_file_is_longer_than_500_lines() =>
        AssertNone(Sources().Where(path => File.ReadLines(path).Count() > MaxLines), "is longer than 500 lines: give one of its jobs a file of its own");

    [TestMethod]
    public void Nothing_is_left_to_do() =>
        AssertNone(
            Sources().Where(path => Unfinished().IsMatch(File.ReadAllText(path))),
            "says that something is unfinished: finish it or take it out");

    [TestMethod]
    public void Every_namespace_is_the_folder() =>
        AssertNone(
            Sources().Where(path => Namespace().Match(File.ReadAllText(path)) is { Success: true } match && !IsNamespaceOf(path, match.Groups[1].Value)),
            "has a namespace that is not Lunaria.PROJECT.FOLDER");

    [TestMethod]
    public void Usings_are_sorted_those_of_System_first() =>
        AssertNone(
            Sources().Where(path => UsingsOf(path) is var usings && !usings.SequenceEqual(usings.OrderBy(IsOther).ThenBy(name => name, StringComparer.OrdinalIgnoreCase))),
            "has its usings in another order: `dotnet format` sorts them");

    [TestMethod]
    public void Every_public_type_is_documented()
    {
        foreach (var project in Libraries)
        {
            var texts = Sources().Where(path => InProject(path, project)).Select(File.ReadAllText).ToList();
            var types = Assembly.Load(project == "Appliance" ? "lunaria" : $"Lunaria.{project}").GetExportedTypes().Where(type => !type.IsNested && type.Namespace != null);
            foreach (var type in types)
            {
                var name = Regex.Escape(type.Name.Split('`')[0]);
                var declaration = new Regex($@"</summary>\s*(?:///.*\s*)*(?:\[.*\]\s*)*public .*\b(class|struct|interface|record|enum|delegate)\b.*\b{name}\b");
                Assert.IsTrue(texts.Any(text => declaration.IsMatch(text)), $"{type.FullName} has no summary");
            }
        }
    }

    private static IEnumerable<string> Sources() =>
        Libraries.Append("tests")
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(path => !Path.GetRelativePath(Repository.Root, path).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    private static List<string> UsingsOf(string path) => [.. File.ReadLines(path).Select(line => Using().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value)];

    private static bool IsOther(string name) => name != "System" && !name.StartsWith("System.", StringComparison.Ordinal);

    private static bool InProject(string path, string project) =>
        Path.GetRelativePath(Repository.Root, path).StartsWith(project + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static bool IsNamespaceOf(string path, string name)
    {
        var parts = Path.GetRelativePath(Repository.Root, Path.GetDirectoryName(path)!).Split(Path.DirectorySeparatorChar);
        var project = parts[0] == "tests" ? parts[1] : parts[0];
        var top = $"Lunaria.{project}";
        return name == top || string.Join('.', parts.Skip(parts[0] == "tests" ? 2 : 1).Prepend(top)).StartsWith(name, StringComparison.Ordinal);
    }

    private static void AssertNone(IEnumerable<string> paths, string what) =>
        Assert.AreEqual("", string.Join(Environment.NewLine, paths.Select(path => $"{Path.GetRelativePath(Repository.Root, path)} {what}")));

    // In two pieces, so that this file does not find itself.
    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK|XX" + @"X)\b|NotImple" + @"mentedException|throw nu" + @"ll!")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^using ([\w.]+);")]
    private static partial Regex Using();
}
