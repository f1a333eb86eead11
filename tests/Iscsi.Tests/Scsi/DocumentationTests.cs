using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Logs;
using Lunaria.Iscsi.Scsi.ModePages;
using Lunaria.Iscsi.Scsi.VitalProductData;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>The tables of docs/ISCSI.md say what the tables of the code say.</summary>
[TestClass]
public class DocumentationTests
{
    private static readonly string path = Path.Combine(Root(), "docs", "ISCSI.md");

    [TestMethod]
    public void The_tables_of_the_documentation_are_those_of_the_code()
    {
        string text = File.ReadAllText(path);
        string now = text;
        foreach ((string section, string[] table) in new[] { ("commands", Commands()), ("vpd", Vpd()), ("mode", Mode()), ("log", Log()) })
        {
            string begin = $"<!-- begin {section} -->\n";
            int from = now.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
            int to = now.IndexOf($"<!-- end {section} -->", StringComparison.Ordinal);
            now = now[..from] + string.Join('\n', table) + "\n" + now[to..];
        }

        if (Environment.GetEnvironmentVariable("LUNARIA_REWRITE") == "1") File.WriteAllText(path, now);
        else Assert.AreEqual(now, text, "Run again with LUNARIA_REWRITE=1.");
    }

    private static string[] Commands() =>
    [
        "| code | command | clause | offered |", "| --- | --- | --- | --- |",
        .. CommandTable.Rows.Select(row =>
            $"| {row.OperationCode:X2}{(row.ServiceAction < 0 ? "" : $"/{row.ServiceAction:X2}")} | {row.Name} | {row.Clause} | {Offered(row.Requires)} |"),
    ];

    private static string[] Vpd() =>
    [
        "| page | name | clause | offered |", "| --- | --- | --- | --- |",
        .. VpdPages.Pages.Select(page => $"| {page.Code:X2} | {page.Name} | {page.Clause} | {Offered(page.Requires)} |"),
    ];

    private static string[] Mode() =>
    [
        "| page | name | clause | changeable | offered |", "| --- | --- | --- | --- | --- |",
        .. ModePageTable.Pages.Select(page => $"| {page.Code:X2}{(page.HasSubpage ? $"/{page.Subpage:X2}" : "")} | {page.Name} | {page.Clause} | {Changeable(page)} | {Offered(page.Requires)} |"),
    ];

    private static string[] Log() =>
    [
        "| page | name | clause | offered |", "| --- | --- | --- | --- |",
        .. LogPages.Pages.Select(page => $"| {page.Code:X2}{(page.Subpage == 0 ? "" : $"/{page.Subpage:X2}")} | {page.Name} | {page.Clause} | {Offered(page.Requires)} |"),
    ];

    private static string Offered(UnitFeatures requires) => requires switch
    {
        UnitFeatures.None => "always",
        UnitFeatures.Thin => "thin medium",
        UnitFeatures.AtomicWrites => "medium with atomic writes",
        UnitFeatures.Format => "where the options allow it",
        UnitFeatures.SpaceKnown => "thin medium that knows its space",
        UnitFeatures.OwnKey => "medium with a key of its own",
        _ => throw new InvalidOperationException($"Say in {nameof(DocumentationTests)} what {requires} means."),
    };

    private static string Changeable(ModePage page)
    {
        var bits = new List<string>();
        for (int index = page.HeaderBytes; index < page.Changeable.Length; index++)
            for (int bit = 7; bit >= 0; bit--)
                if (page.Changeable[index] == 0xFF && bit == 7) bits.Add($"byte {index}");
                else if (page.Changeable[index] != 0xFF && (page.Changeable[index] & (1 << bit)) != 0) bits.Add($"byte {index} bit {bit}");
        return bits.Count == 0 ? "nothing" : string.Join(", ", bits);
    }

    private static string Root()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Lunaria.slnx"))) directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("Lunaria.slnx is not above the tests.");
    }
}
