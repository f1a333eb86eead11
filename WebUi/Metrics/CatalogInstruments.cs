using System.Diagnostics.Metrics;
using Lunaria.Volumes;
using Lunaria.Volumes.Catalog;

namespace Lunaria.WebUi.Metrics;

/// <summary>The instruments of what can be rebuilt from the store alone, observed when somebody asks. Stateless.</summary>
internal static class CatalogInstruments
{
    /// <summary>Adds them to a meter.</summary>
    public static void AddTo(Meter meter, VolumeManager volumes)
    {
        meter.CreateObservableGauge("lunaria_catalog_age_seconds", () => Status(volumes).Age.TotalSeconds, "s", "How old the catalog in the store is; 0 where nothing was published since.");
        meter.CreateObservableGauge("lunaria_catalog_bytes", () => Status(volumes).Bytes, "By", "Objects of the catalog in the store.");
        meter.CreateObservableCounter("lunaria_catalog_saves_total", () => (long)Status(volumes).Saves, null, "Catalogs that were saved, since the pool was made.");
        meter.CreateObservableCounter("lunaria_catalog_failures_total", () => Status(volumes).Failures, null, "Attempts to save a catalog that failed.");
    }

    private static CatalogStatus Status(VolumeManager volumes) => volumes.GetBackend().Catalog;
}
