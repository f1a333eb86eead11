using System.Buffers;
using System.Text;
using System.Text.Json;
using Lunaria.Backends.Pool.Format;

namespace Lunaria.Backends.Pool;

/// <summary>Writes what lies on a component as JSON. Stateless; changes nothing.</summary>
internal static class ComponentDump
{
    private const int RecordsPerRead = 1024;

    /// <summary>Labels, layout, members, and each record of either table copy that is live or damaged.</summary>
    public static async ValueTask<string> WriteAsync(ComponentProbe probe)
    {
        ComponentLabel label = probe.Label!;
        var buffer = new ArrayBufferWriter<byte>();
        await using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("path", probe.Source.DisplayPath);
            json.WriteString("frontLabel", probe.FrontHealth.ToString());
            json.WriteString("backLabel", probe.BackHealth.ToString());
            WriteLabel(json, label);
            json.WriteStartArray("records");
            await WriteTableAsync(json, probe, "front", label.Layout.FrontTableOffset);
            await WriteTableAsync(json, probe, "back", label.Layout.BackTableOffset);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteLabel(Utf8JsonWriter json, ComponentLabel label)
    {
        json.WriteString("pool", label.PoolName);
        json.WriteString("poolId", label.PoolId);
        json.WriteString("componentId", label.ComponentId);
        json.WriteString("state", label.State.ToString());
        json.WriteNumber("generation", label.Generation);
        json.WriteNumber("membershipGeneration", label.MembershipGeneration);
        json.WriteNumber("sizeBytes", label.Layout.SizeBytes);
        json.WriteNumber("chunkBytes", label.Layout.ChunkBytes);
        json.WriteNumber("chunkCount", label.Layout.ChunkCount);
        json.WriteNumber("frontTableOffset", label.Layout.FrontTableOffset);
        json.WriteNumber("dataOffset", label.Layout.DataOffset);
        json.WriteNumber("backTableOffset", label.Layout.BackTableOffset);
        json.WriteNumber("recordsFormatted", label.RecordsFormatted);
        json.WriteStartArray("members");
        foreach (PoolMember member in label.Members)
        {
            json.WriteStartObject();
            json.WriteString("componentId", member.ComponentId);
            json.WriteNumber("index", member.Index);
            json.WriteString("state", member.State.ToString());
            json.WriteNumber("sizeBytes", member.SizeBytes);
            json.WriteString("lastPath", member.LastPath);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static async ValueTask WriteTableAsync(Utf8JsonWriter json, ComponentProbe probe, string copy, long offset)
    {
        byte[] bytes = new byte[RecordsPerRead * TableRecord.Bytes];
        long formatted = probe.Label!.RecordsFormatted;
        for (long first = 0; first < formatted; first += RecordsPerRead)
        {
            int count = (int)Math.Min(RecordsPerRead, formatted - first);
            await probe.File!.ReadAsync(offset + first * TableRecord.Bytes, bytes.AsMemory(0, count * TableRecord.Bytes));
            for (int i = 0; i < count; i++)
                WriteRecord(json, probe.Label, copy, first + i, bytes.AsSpan(i * TableRecord.Bytes, TableRecord.Bytes));
        }
    }

    private static void WriteRecord(Utf8JsonWriter json, ComponentLabel label, string copy, long number, ReadOnlySpan<byte> bytes)
    {
        bool isSound = TableRecordCodec.Decode(bytes, label.ComponentId, number, out TableRecord record) == TableRecordHealth.Sound;
        if (isSound && record.State != TableRecordState.Live)
            return;
        json.WriteStartObject();
        json.WriteNumber("record", number);
        json.WriteString("copy", copy);
        json.WriteBoolean("damaged", !isSound);
        if (isSound)
        {
            json.WriteString("key", record.Key);
            json.WriteNumber("generation", record.Generation);
            json.WriteString("tag", record.Version.ToString("x16"));
            json.WriteNumber("chunk", record.Chunk);
            json.WriteNumber("firstSlot", record.FirstSlot);
            json.WriteNumber("slots", record.SlotCount);
            json.WriteNumber("lengthBytes", record.LengthBytes);
            json.WriteString("contentCrc32c", record.ContentCrc.ToString("x8"));
        }

        json.WriteEndObject();
    }
}
