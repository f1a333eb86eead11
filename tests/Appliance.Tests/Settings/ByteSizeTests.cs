using Lunaria.Appliance.Settings;
using Lunaria.Testing;

namespace Lunaria.Appliance.Tests.Settings;

[TestClass]
public sealed class ByteSizeTests
{
    [TestMethod]
    [DataRow("0B", 0L)]
    [DataRow("1B", 1L)]
    [DataRow("4KiB", 4096L)]
    [DataRow("4 KiB", 4096L)]
    [DataRow("4kib", 4096L)]
    [DataRow("1kB", 1000L)]
    [DataRow("512MiB", 512L << 20)]
    [DataRow("64GiB", 64L << 30)]
    [DataRow("64GB", 64_000_000_000L)]
    [DataRow("1.5TiB", 3L << 39)]
    [DataRow("0.5KiB", 512L)]
    [DataRow("7EiB", 7L << 60)]
    [DataRow("8191.999999999PiB", -1L)] // no whole number of bytes
    public void Reads_numbers_with_units(string text, long bytes)
    {
        Assert.AreEqual(bytes >= 0, ByteSize.TryParse(text, out var size));
        if (bytes >= 0)
            Assert.AreEqual(bytes, size.Bytes);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("64")]
    [DataRow("64G")]
    [DataRow("GiB")]
    [DataRow("-1GiB")]
    [DataRow("+1GiB")]
    [DataRow("1,5GiB")]
    [DataRow("1.GB.B")]
    [DataRow("1..5GiB")]
    [DataRow(".")]
    [DataRow("1  GiB")]
    [DataRow(" 1GiB")]
    [DataRow("1GiB ")]
    [DataRow("1GiBB")]
    [DataRow("1XiB")]
    [DataRow("1e3B")]
    [DataRow("8EiB")]
    [DataRow("9223372036854775808B")]
    [DataRow("99999999999999999999999999999999999999EiB")]
    [DataRow("0.3B")]
    [DataRow("0.3KiB")]
    public void Refuses_what_is_no_size(string text) => Assert.IsFalse(ByteSize.TryParse(text, out _), text);

    [TestMethod]
    public void Writes_what_it_reads()
    {
        var seed = Seed.One();
        Console.WriteLine($"LUNARIA_SEED={seed}");
        var random = new Random(seed);
        for (var i = 0; i < 10_000; i++)
        {
            var size = new ByteSize(random.NextInt64(long.MaxValue) >> random.Next(63) << random.Next(40) & long.MaxValue);
            Assert.IsTrue(ByteSize.TryParse(size.ToString(), out var read), size.ToString());
            Assert.AreEqual(size, read, size.ToString());
        }
    }

    [TestMethod]
    [DataRow(0L, "0B", "0B")]
    [DataRow(1023L, "1023B", "1023B")]
    [DataRow(1024L, "1KiB", "1KiB")]
    [DataRow(1536L, "1536B", "1.5KiB")]
    [DataRow(64L << 30, "64GiB", "64GiB")]
    [DataRow(64_000_000_000L, "64GB", "60GiB")]
    public void Writes_short_text(long bytes, string exact, string rounded)
    {
        Assert.AreEqual(exact, new ByteSize(bytes).ToString());
        Assert.AreEqual(rounded, new ByteSize(bytes).ToRoundedString());
    }

    [TestMethod]
    [DataRow("500ms", 500L)]
    [DataRow("30s", 30_000L)]
    [DataRow("1.5s", 1_500L)]
    [DataRow("5min", 300_000L)]
    [DataRow("2 h", 7_200_000L)]
    public void Durations_read_and_write(string text, long milliseconds)
    {
        Assert.IsTrue(Duration.TryParse(text, out var duration));
        Assert.AreEqual(milliseconds, duration.Value.TotalMilliseconds);
        Assert.IsTrue(Duration.TryParse(duration.ToString(), out var again));
        Assert.AreEqual(duration, again);
    }

    [TestMethod]
    [DataRow("30")]
    [DataRow("s")]
    [DataRow("-1s")]
    [DataRow("30 sec")]
    [DataRow("1m")]
    [DataRow("0.5ms")]
    [DataRow("99999999999999999999h")]
    public void Durations_refuse_what_is_none(string text) => Assert.IsFalse(Duration.TryParse(text, out _), text);
}
