using System.Buffers;
using System.Globalization;

namespace Lunaria.Appliance.Settings;

/// <summary>
/// An amount of bytes as people write it: "64GiB", "512 MiB", "1.5TB". Binary units (KiB to EiB) are powers of 1024, decimal
/// ones (kB to EB) powers of 1000. A bare number and the ambiguous "64G" are refused. Immutable; any thread.
/// </summary>
internal readonly record struct ByteSize(long Bytes) : IComparable<ByteSize>
{
    /// <summary>What <see cref="TryParse"/> takes, as a regular expression for the schema.</summary>
    public const string Pattern = "^[0-9]+(\\.[0-9]+)? ?([kKmMgGtTpPeE][iI]?)?[bB]$";

    private const string Letters = "KMGTPE";

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    /// <summary>One kibibyte.</summary>
    public static ByteSize KiB(long count) => new(count << 10);

    /// <summary>One mebibyte.</summary>
    public static ByteSize MiB(long count) => new(count << 20);

    /// <summary>One gibibyte.</summary>
    public static ByteSize GiB(long count) => new(count << 30);

    /// <summary>One tebibyte.</summary>
    public static ByteSize TiB(long count) => new(count << 40);

    /// <summary>Reads a number with a unit; false where it is neither, is no whole number of bytes, or exceeds 2^63-1.</summary>
    public static bool TryParse(string text, out ByteSize size)
    {
        size = default;
        var unitAt = text.AsSpan().IndexOfAnyExcept(NumberCharacters);
        if (unitAt <= 0 || !TryGetUnit(text.AsSpan(unitAt).TrimStart(' '), out var unitBytes)
            || text.AsSpan(unitAt).Count(' ') > 1
            || !decimal.TryParse(text.AsSpan(0, unitAt), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number > long.MaxValue)
            return false;
        var bytes = number <= decimal.MaxValue / unitBytes ? number * unitBytes : decimal.MaxValue;
        if (bytes > long.MaxValue || bytes != decimal.Truncate(bytes))
            return false;
        size = new ByteSize((long)bytes);
        return true;
    }

    /// <summary>Orders by bytes.</summary>
    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);

    /// <summary>The largest unit that gives a whole number, a binary one where both do; what <see cref="TryParse"/> reads back.</summary>
    public override string ToString()
    {
        var binary = LargestPower(power => 1L << (10 * power));
        var @decimal = LargestPower(power => (long)DecimalUnit(power));
        return Bytes == 0 || (binary == 0 && @decimal == 0) ? $"{Bytes}B"
            : binary >= @decimal ? $"{Bytes >> (10 * binary)}{Letters[binary - 1]}iB"
            : $"{Bytes / (long)DecimalUnit(@decimal)}{(@decimal == 1 ? 'k' : Letters[@decimal - 1])}B";
    }

    /// <summary>Rounded for people: "1.4GiB". Does not read back to the same value.</summary>
    public string ToRoundedString()
    {
        var power = 0;
        var value = (double)Bytes;
        while (value >= 1024 && power < Letters.Length)
        {
            value /= 1024;
            power++;
        }

        var number = value.ToString(value < 10 && power > 0 ? "0.#" : "0", CultureInfo.InvariantCulture);
        return power == 0 ? $"{number}B" : $"{number}{Letters[power - 1]}iB";
    }

    private int LargestPower(Func<int, long> unitBytes)
    {
        var power = Letters.Length;
        while (power > 0 && Bytes % unitBytes(power) != 0)
            power--;
        return power;
    }

    private static bool TryGetUnit(ReadOnlySpan<char> unit, out decimal unitBytes)
    {
        unitBytes = 1;
        if (unit.Equals("B", StringComparison.OrdinalIgnoreCase))
            return true;
        if (unit.Length is not (2 or 3) || unit[^1] is not ('b' or 'B'))
            return false;
        var power = Letters.IndexOf(char.ToUpperInvariant(unit[0]), StringComparison.Ordinal) + 1;
        if (power == 0 || (unit.Length == 3 && unit[1] is not ('i' or 'I')))
            return false;
        unitBytes = unit.Length == 3 ? 1L << (10 * power) : DecimalUnit(power);
        return true;
    }

    private static decimal DecimalUnit(int power)
    {
        var unit = 1m;
        for (var i = 0; i < power; i++)
            unit *= 1000;
        return unit;
    }
}
