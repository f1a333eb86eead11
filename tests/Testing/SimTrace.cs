using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Lunaria.Testing;

/// <summary>
/// What a simulated run did, as one number: a hash of every operation, and of every access to disk and store with its place and length, in their order. Identities are drawn anew in each run
/// and count by when they were seen first; so content, which has them in it, is not hashed. One thread.
/// </summary>
public sealed partial class SimTrace : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<string, int> _names = [];
    private readonly int _kept = int.TryParse(Environment.GetEnvironmentVariable("LUNARIA_TRACE"), out int kept) ? kept : 0;

    /// <summary>Steps so far.</summary>
    public long Steps { get; private set; }

    /// <summary>The hash of all steps so far.</summary>
    public string Hash => Convert.ToHexString(_hash.GetCurrentHash())[..16];

    /// <summary>The last steps, as many as LUNARIA_TRACE says.</summary>
    public Queue<string> Last { get; } = new();

    /// <summary>Adds a step.</summary>
    public void Add(string what, string name, long offsetBytes = 0, long lengthBytes = 0)
    {
        Steps++;
        string step = $"{what} {Known(name)} {offsetBytes} {lengthBytes}";
        _hash.AppendData(MemoryMarshal.AsBytes(step.AsSpan()));
        if (_kept == 0)
            return;
        Last.Enqueue(step);
        if (Last.Count > _kept)
            Last.Dequeue();
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    /// <summary>A name with each identity in it replaced by its number.</summary>
    private string Known(string name) => Identity().Replace(name, found =>
    {
        if (!_names.TryGetValue(found.Value, out int number))
            _names.Add(found.Value, number = _names.Count + 1);
        return $"#{number}";
    });

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=^log-)[0-9a-f]{8}")]
    private static partial Regex Identity();
}
