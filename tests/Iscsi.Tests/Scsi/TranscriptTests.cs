using System.Globalization;
using System.Text;
using Lunaria.Iscsi.Scsi;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>
/// What hosts that cannot run here say, as files under Transcripts, each naming its sources. A line is
/// <c>HOST [lun N] CDB [&lt; DATA] => EXPECTATION</c>: a sense triplet, <c>conflict</c>, or <c>good</c> and how the answer begins (<c>..</c> is any byte, a
/// single digit the first half of one). DATA may have <c>00*512</c> and <c>{naa}</c>; <c>! out-of-space</c> and <c>! space</c> speak to the medium.
/// </summary>
[TestClass]
public class TranscriptTests
{
    private readonly RamDevice medium = new(4 << 20);
    private readonly Dictionary<string, ScsiHost> hosts = [];
    private readonly LogicalUnit unit;
    private readonly DeviceServer server;

    public TranscriptTests()
    {
        var stored = new Dictionary<string, byte[]>();
        unit = new LogicalUnit(medium, ScsiHost.Options() with
        {
            Store = new LogicalUnitStore(stored.GetValueOrDefault, (name, record) =>
            {
                stored[name] = record;
                return ValueTask.CompletedTask;
            }),
        });
        var luns = new LogicalUnitMap(ScsiHost.Port);
        luns.Add(0, unit);
        server = new DeviceServer(luns, new());
        foreach (string name in new[] { "A", "B", "C" }) hosts[name] = new ScsiHost(server, $"iqn.2026-01.test:{name}");
    }

    [TestMethod]
    [DataRow("esxi-discovery")]
    [DataRow("esxi-vaai")]
    [DataRow("windows-discovery")]
    [DataRow("windows-cluster")]
    public void The_conversation_goes_as_written(string name)
    {
        string[] lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Scsi", "Transcripts", name + ".txt"));
        Assert.Contains("# source: ", string.Join('\n', lines));
        int said = 0;
        for (int number = 0; number < lines.Length; number++)
        {
            string line = lines[number].Split('#')[0].Trim();
            if (line.Length == 0) continue;
            if (line[0] == '!')
            {
                medium.IsFull = line == "! out-of-space";
                continue;
            }

            Say(line, $"{name}.txt:{number + 1}: {line}");
            said++;
        }

        Assert.IsGreaterThan(15, said);
    }

    private void Say(string line, string where)
    {
        string[] sides = line.Split("=>");
        string[] sent = sides[0].Split('<');
        string[] words = sent[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        bool addressed = words[1] == "lun";
        int lun = addressed ? int.Parse(words[2], CultureInfo.InvariantCulture) : 0;
        string cdb = string.Concat(words.Skip(addressed ? 3 : 1));
        Answer answer = hosts[words[0]].Send(cdb, sent.Length > 1 ? Bytes(sent[1]) : null, lun: lun);
        string[] expected = sides[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (expected[0])
        {
            case "good":
                Assert.AreEqual(ScsiStatus.Good, answer.Status, $"{where}: {answer.Triplet} {answer.Pointer}");
                Begins(Expand(expected.Skip(1)), Convert.ToHexString(answer.Data), where);
                break;
            case "conflict":
                Assert.AreEqual(ScsiStatus.ReservationConflict, answer.Status, $"{where}: {answer.Triplet}");
                break;
            default:
                Assert.AreEqual(expected[0], answer.Triplet, $"{where}: {answer.Status} {answer.Pointer}");
                break;
        }
    }

    private static void Begins(string pattern, string answer, string where)
    {
        Assert.IsGreaterThanOrEqualTo(pattern.Length, answer.Length, where);
        for (int at = 0; at < pattern.Length; at++)
            if (pattern[at] != '.') Assert.AreEqual(pattern[at], answer[at], $"{where}: byte {at / 2} of {answer[..Math.Min(answer.Length, 160)]}");
    }

    private byte[] Bytes(string text) =>
        Convert.FromHexString(Expand(text.Replace("{naa}", Convert.ToHexString(unit.Identity.Naa), StringComparison.Ordinal)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    private static string Expand(IEnumerable<string> words)
    {
        var text = new StringBuilder();
        foreach (string word in words)
        {
            string[] repeated = word.Split('*');
            int times = repeated.Length > 1 ? int.Parse(repeated[1], CultureInfo.InvariantCulture) : 1;
            for (int time = 0; time < times; time++) text.Append(repeated[0]);
        }

        return text.ToString();
    }
}
