using System.Security.Cryptography;
using System.Text.Json;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>The entity tag of a thing (RFC 9110 8.8.3): changes with what can be edited, not with what is measured. Stateless.</summary>
internal static class EntityTag
{
    private const int LengthBytes = 8;

    /// <summary>The tag of a view, in quotes.</summary>
    public static string Of(object view)
    {
        object steady = view switch
        {
            VolumeView volume => volume with { MappedBytes = 0, InLogBytes = 0, Health = "", Cause = null },
            SnapshotView snapshot => snapshot with { Destaging = null },
            TargetView target => target with { Sessions = 0 },
            _ => view,
        };
        var json = JsonSerializer.SerializeToUtf8Bytes(steady, ApiJson.Default.Options.GetTypeInfo(steady.GetType()));
        return $"\"{Convert.ToHexStringLower(SHA256.HashData(json).AsSpan(0, LengthBytes))}\"";
    }
}
