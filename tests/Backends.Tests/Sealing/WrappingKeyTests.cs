using Lunaria.Backends.Sealing;

namespace Lunaria.Backends.Tests.Sealing;

/// <summary>Where wrapping keys are read from, and what is refused.</summary>
[TestClass]
public sealed class WrappingKeyTests : IDisposable
{
    private const string Hex = "00112233445566778899aabbccddeeff0123456789abcdef0123456789ABCDEF";
    private readonly string _directory = Directory.CreateTempSubdirectory("lunaria-key-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [TestMethod]
    [DataRow(Hex)]
    [DataRow(Hex + "\n")]
    [DataRow("  " + Hex + "\r\n")]
    [DataRow("ABEiM0RVZneImaq7zN3u/wEjRWeJq83vASNFZ4mrze8=")]
    public void A_key_is_64_hex_digits_or_base64(string text)
    {
        Assert.AreEqual(new WrappingKey(Convert.FromHexString(Hex)).Id, WrappingKey.Read(File(text)).Id);
        Environment.SetEnvironmentVariable("LUNARIA_TEST_KEY", text);
        Assert.AreEqual(new WrappingKey(Convert.FromHexString(Hex)).Id, WrappingKey.Read(KeySource.Parse("environment:LUNARIA_TEST_KEY", "/")!).Id);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("correct horse battery staple")]
    [DataRow("00112233")]
    [DataRow(Hex + "00")]
    [DataRow("0011223344556677 8899aabbccddeeff0123456789abcdef0123456789ABCDE")]
    [DataRow("ABEiM0RVZneImaq7zN3u/wEjRWeJq83vASNFZ4mrzQ==")]
    public void Anything_else_is_refused_without_being_shown(string text)
    {
        string message = Assert.ThrowsExactly<InvalidDataException>(() => WrappingKey.Read(File(text))).Message;
        StringAssert.Contains(message, "is not 32 bytes");
        Assert.IsTrue(text.Length == 0 || !message.Contains(text, StringComparison.Ordinal));
    }

    [TestMethod]
    public void A_file_that_others_can_use_is_refused()
    {
        if (OperatingSystem.IsWindows())
            return;
        KeySource source = File(Hex);
        foreach (UnixFileMode mode in new[] { UnixFileMode.GroupRead, UnixFileMode.OtherRead, UnixFileMode.OtherWrite })
        {
            System.IO.File.SetUnixFileMode(source.FilePath!, UnixFileMode.UserRead | mode);
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => WrappingKey.Read(source)).Message, "chmod 600");
        }
    }

    [TestMethod]
    public void What_is_not_there_is_named()
    {
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => WrappingKey.Read(new(Path.Combine(_directory, "none"), null))).Message, "is not there");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => WrappingKey.Read(new(null, "LUNARIA_TEST_NONE"))).Message, "LUNARIA_TEST_NONE, which is not set");
    }

    [TestMethod]
    [DataRow("file:a/b", "/data/a/b", null)]
    [DataRow("file:/etc/key", "/etc/key", null)]
    [DataRow("environment:POOL_KEY", null, "POOL_KEY")]
    public void A_source_is_a_file_or_a_variable(string text, string? path, string? variable) => Assert.AreEqual(new KeySource(path, variable), KeySource.Parse(text, "/data"));

    [TestMethod]
    [DataRow("")]
    [DataRow("file:")]
    [DataRow("environment:")]
    [DataRow("environment:A B")]
    [DataRow(Hex)]
    public void Anything_else_is_no_source(string text) => Assert.IsNull(KeySource.Parse(text, "/data"));

    [TestMethod]
    public void No_text_of_a_key_shows_it()
    {
        var key = new WrappingKey(Convert.FromHexString(Hex));
        KeyRing ring = KeyRing.Create(hasPlainObjects: false, new SealingOptions(key));
        foreach (string text in new[] { $"{key}", $"{ring}", $"{new SealingOptions(key)}", $"{ring.DataKeys.All[0]}", $"{ring.Wraps[0]}" })
            foreach (byte[] secret in new[] { Convert.FromHexString(Hex), ring.Secret, ring.DataKeys.All[0].Key.ToArray() })
                Assert.IsFalse(text.Contains(Convert.ToHexString(secret)[..16], StringComparison.OrdinalIgnoreCase), text);
    }

    private KeySource File(string text)
    {
        string path = Path.Combine(_directory, "key");
        System.IO.File.Delete(path);
        System.IO.File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return new(path, null);
    }
}
