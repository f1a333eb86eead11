using System.Numerics;
using System.Text;
using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Tests.Pdu;

/// <summary>The smallest pieces: digests, serial numbers, text.</summary>
[TestClass]
public class PduTests
{
    /// <summary>The examples of RFC 7143 B.4 (RFC 3720 B.4), in the order of the bytes on the wire.</summary>
    [TestMethod]
    public void Digests_match_the_examples_of_the_standard()
    {
        Digest("AA36918A", new byte[32]);
        Digest("43ABA862", Enumerable.Repeat((byte)0xFF, 32).ToArray());
        Digest("4E79DD46", Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());
        Digest("5CDB3F11", Enumerable.Range(0, 32).Select(i => (byte)(31 - i)).ToArray());
        Digest("563A96D9", Convert.FromHexString("01C000000000000000000000000000001400000000000400000000140000001828000000000000000200000000000000"));

        static void Digest(string expected, byte[] bytes)
        {
            byte[] digest = new byte[4];
            Crc32C.Write(bytes, digest);
            Assert.AreEqual(expected, Convert.ToHexString(digest));
            Assert.IsTrue(Crc32C.Matches(bytes, digest));
            digest[2] ^= 1;
            Assert.IsFalse(Crc32C.Matches(bytes, digest));
        }
    }

    [TestMethod]
    public void Lanes_give_what_single_steps_give()
    {
        Random random = new(6);
        for (int i = 0; i < 300; i++)
        {
            byte[] bytes = new byte[random.Next(12000)];
            random.NextBytes(bytes);
            uint crc = uint.MaxValue;
            foreach (byte one in bytes) crc = BitOperations.Crc32C(crc, one);
            Assert.AreEqual(~crc, Crc32C.Compute(bytes), $"{bytes.Length} bytes");
            int cut = random.Next(bytes.Length + 1);
            Assert.AreEqual(crc, Crc32C.Append(Crc32C.Append(uint.MaxValue, bytes.AsSpan(0, cut)), bytes.AsSpan(cut)));
        }
    }

    [TestMethod]
    public void Serial_numbers_wrap()
    {
        Assert.IsTrue(SerialNumber.IsBefore(1, 2));
        Assert.IsFalse(SerialNumber.IsBefore(2, 2));
        Assert.IsTrue(SerialNumber.IsBefore(0xFFFFFFFF, 0));
        Assert.IsFalse(SerialNumber.IsBefore(0, 0xFFFFFFFF));
        Assert.IsTrue(SerialNumber.IsInWindow(1, 0xFFFFFFF0, 5));
        Assert.IsFalse(SerialNumber.IsInWindow(6, 0xFFFFFFF0, 5));
        Assert.IsFalse(SerialNumber.IsInWindow(7, 7, 6), "an empty window has nothing in it");
    }

    [TestMethod]
    public void Text_is_split_at_zeros_and_equal_signs()
    {
        List<KeyValuePair<string, string>> pairs = [];
        Assert.IsTrue(TextKeys.TryParse(Encoding.UTF8.GetBytes("a=1\0b=\0c=x=y\0\0"), pairs));
        Assert.AreEqual("[a, 1] [b, ] [c, x=y]", string.Join(' ', pairs));
        Assert.IsTrue(TextKeys.TryParse([], pairs));
        Assert.AreEqual("a=1\0b=2\0", Encoding.UTF8.GetString(TextKeys.Format([new("a", "1"), new("b", "2")])));
        foreach (string malformed in new[] { "a=1", "a\0", "=1\0", new string('k', 64) + "=1\0" })
            Assert.IsFalse(TextKeys.TryParse(Encoding.UTF8.GetBytes(malformed), []), malformed);
    }
}
