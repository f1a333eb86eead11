using System.Buffers.Binary;
using System.Security.Cryptography;
using Lunaria.Volumes.Io;

namespace Lunaria.Appliance.Hosting;

/// <summary>
/// Who this appliance is to a store that several can reach. A data directory that was copied or restored is another appliance, since the one that it came
/// from may still run: so the identity is that of the file that holds it, too. Stateless; used at the start.
/// </summary>
internal static class ApplianceIdentity
{
    private const string FileName = "appliance.id";

    /// <summary>The identity of a data directory, made where it has none.</summary>
    public static Guid Of(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, FileName);
        if (!File.Exists(path))
            File.WriteAllText(path, $"{Guid.NewGuid():D}\n");
        if (!Guid.TryParse(File.ReadAllText(path), out var written))
            throw new StartException($"{path} is damaged. Delete it, then start with --take-over if no other appliance uses the object store");

        // A copy has another mark, whatever of the file was preserved.
        Span<byte> both = stackalloc byte[24];
        written.TryWriteBytes(both);
        BinaryPrimitives.WriteInt64LittleEndian(both[16..], FileBirth.MarkOf(path));
        return new Guid(SHA256.HashData(both).AsSpan(0, 16));
    }
}
