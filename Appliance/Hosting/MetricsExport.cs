using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Lunaria.Appliance.Hosting;

/// <summary>Sends what the meter measures to an OTLP collector each minute. Stateless but for the library's own threads.</summary>
internal static class MetricsExport
{
    /// <summary>Begins; null where no collector is set. Disposing it sends what is left. A collector that does not answer costs nothing but its samples.</summary>
    public static MeterProvider? Begin(Uri? collector, string meterName) => collector == null ? null : Sdk.CreateMeterProviderBuilder()
        .ConfigureResource(resource => resource.AddService("lunaria", serviceVersion: ProductVersion.Text, serviceInstanceId: Environment.MachineName))
        .AddMeter(meterName)
        .AddOtlpExporter(options =>
        {
            options.Protocol = OtlpExportProtocol.HttpProtobuf;
            options.Endpoint = new Uri(collector, "v1/metrics");
        })
        .Build();
}
