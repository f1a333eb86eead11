using Lunaria.Appliance.Settings;
using Lunaria.Backends.Sealing;
using Lunaria.Volumes.Backend;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Hosting;

/// <summary>What the administration can do with the keys of an encrypted store; keys are read from where it says, never sent. Any thread.</summary>
internal sealed class StoreEncryption(SealedStore store, string directory)
{
    /// <summary>The calls.</summary>
    public EncryptionAccess Access => new(
        Show,
        source => RunAsync(() => store.RotateAsync(WrappingKey.Read(KeySource.Parse(Values.KeySource(source), directory)!), CancellationToken.None)),
        () => RunAsync(() => store.AddDataKeyAsync(CancellationToken.None)));

    private EncryptionView Show()
    {
        var status = store.GetStatus();
        return new EncryptionView(status.KeyIds.Count > 0, status.KeyIds, status.DataKeys, status.Packs, status.HasPlainObjects, status.PutBytes, status.StoredBytes);
    }

    private static async Task RunAsync(Func<ValueTask> change)
    {
        try
        {
            await change();
        }
        catch (FormatException e)
        {
            throw new RefusedException(RefusalKind.Invalid, $"source: it {e.Message}.", "source");
        }
        catch (InvalidDataException e)
        {
            throw new RefusedException(RefusalKind.InUse, e.Message);
        }
        catch (ObjectStoreException e)
        {
            throw new RefusedException(RefusalKind.Unavailable, e.Message);
        }
    }
}
