using Lunaria.Volumes.Tests.Model;
using Lunaria.Volumes.Transfer;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>Volumes out and in again as streams: whole, changes only, in pieces, damaged.</summary>
[TestClass]
public sealed class TransferTests
{
    private const int SizeBytes = 8 << 20;

    [TestMethod]
    public async Task Chains_of_changes_make_the_same_volume_elsewhere()
    {
        Random random = new(Seed.One());
        await using EngineBed here = await EngineBed.OpenAsync(), there = await EngineBed.OpenAsync();
        Volume volume = await here.CreateAsync(sizeBytes: SizeBytes);
        ModelVolume model = new(SizeBytes);
        Snapshot? before = null;
        byte[] expectedBefore = [];
        int changedBlocks = 0;
        for (int round = 0; round < 6; round++)
        {
            for (int i = 0; i < 60; i++)
                await ModelSteps.WriteAsync(volume, model, random);
            (int offset, int length) = ModelSteps.Range(random, SizeBytes);
            await volume.UnmapAsync(offset, length);
            model.Unmap(offset, length);
            if (round == 3)
            {
                await here.Manager.ResizeVolumeAsync(volume, SizeBytes * 2);
                byte[] now = [.. model.Bytes];
                model = new(SizeBytes * 2);
                model.Write(0, now);
            }
            Snapshot snapshot = await here.Manager.CreateSnapshotAsync(volume, $"s{round}");
            byte[] expected = model.Snapshot();
            await ModelSteps.WriteAsync(volume, model, random);
            byte[] stream = await ExportAsync(here, snapshot, before);
            CollectionAssert.AreEqual(stream, await ExportAsync(here, snapshot, before), "the same each time");
            await there.Manager.Transfers.ImportAsync("copy", new MemoryStream(stream), CancellationToken.None);
            await AssertIsAsync(there, expected);
            // What is written to the copy is not in the way of the next changes.
            await there.Manager.Find("copy")!.WriteAsync(0, new byte[4096], durable: false);
            changedBlocks = CountChanged(expectedBefore, expected);
            (before, expectedBefore) = (snapshot, expected);
        }
        Assert.HasCount(6, there.Manager.ListSnapshots(there.Manager.Find("copy")!));
        Assert.IsLessThan((changedBlocks + 16) * 4096 * 11 / 10, (await ExportAsync(here, before!, here.Manager.FindSnapshot(volume, "s4"))).Length, $"{changedBlocks} blocks changed");
    }

    /// <summary>Blocks of <paramref name="now"/> that are not what they were.</summary>
    private static int CountChanged(ReadOnlySpan<byte> before, ReadOnlySpan<byte> now)
    {
        int changed = 0;
        for (int at = 0; at < now.Length; at += EngineBed.Block)
            changed += at < before.Length && now.Slice(at, EngineBed.Block).SequenceEqual(before.Slice(at, EngineBed.Block)) ? 0 : 1;
        return changed;
    }

    [TestMethod]
    public async Task A_stream_that_breaks_off_goes_on_where_it_was_over_a_restart_too()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        (Snapshot snapshot, byte[] content) = await PrepareAsync(bed);
        byte[] stream = await ExportAsync(bed, snapshot, null);
        await Assert.ThrowsExactlyAsync<IOException>(() => bed.Manager.Transfers.ImportAsync("copy", new MemoryStream(stream, 0, stream.Length * 2 / 3), CancellationToken.None));
        await bed.RestartAsync();
        snapshot = bed.Manager.FindSnapshot(bed.Manager.Find("v")!, "s")!;
        (ExportHeader export, TransferPosition position) = bed.Manager.Transfers.GetImport(bed.Manager.Find("copy")!)!.Value;
        Assert.AreEqual(snapshot.Uuid, export.Snapshot);
        Assert.IsGreaterThan(SizeBytes / 4, position.OffsetBytes);
        MemoryStream rest = new();
        await bed.Manager.Transfers.ExportAsync(snapshot, null, position, rest, CancellationToken.None);
        Assert.IsTrue(stream.AsSpan().EndsWith(rest.ToArray()), "the rest is what was missing, byte by byte");
        rest.Position = 0;
        await bed.Manager.Transfers.ResumeImportAsync(bed.Manager.Find("copy")!, rest, CancellationToken.None);
        await AssertIsAsync(bed, content);
        Assert.IsNull(bed.Manager.Transfers.GetImport(bed.Manager.Find("copy")!));
    }

    [TestMethod]
    public async Task Whatever_byte_is_changed_the_import_fails_and_takes_nothing_wrong()
    {
        int seed = Seed.One();
        Random random = new(seed);
        await using EngineBed bed = await EngineBed.OpenAsync();
        (Snapshot snapshot, byte[] content) = await PrepareAsync(bed);
        byte[] stream = await ExportAsync(bed, snapshot, null);
        for (int i = 0; i < 40; i++)
        {
            byte[] damaged = [.. stream];
            damaged[i < 20 ? random.Next(600) : random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                await bed.Manager.Transfers.ImportAsync("copy", new MemoryStream(damaged), CancellationToken.None);
                Assert.Fail($"seed {seed}: damage was not seen");
            }
            catch (Exception e) when (e is InvalidDataException or IOException or InvalidOperationException)
            {
                if (bed.Manager.Find("copy") is not { } copy)
                    continue;
                byte[] taken = new byte[SizeBytes];
                await copy.ReadAsync(0, taken);
                Assert.IsTrue(Enumerable.Range(0, SizeBytes / 4096).All(block => taken.AsSpan(block * 4096, 4096) is var bytes
                    && (bytes.SequenceEqual(content.AsSpan(block * 4096, 4096)) || !bytes.ContainsAnyExcept((byte)0))), $"seed {seed}");
                await bed.Manager.DeleteVolumeAsync(copy, withSnapshots: true);
            }
        }
    }

    [TestMethod]
    public async Task What_does_not_go_together_is_refused()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        (Snapshot first, _) = await PrepareAsync(bed);
        Snapshot second = await bed.Manager.CreateSnapshotAsync(first.Volume, "t");
        byte[] whole = await ExportAsync(bed, first, null), changes = await ExportAsync(bed, second, first);
        await RefusedAsync("v", whole, "already");
        await RefusedAsync("none", changes, "no volume");
        await bed.CreateAsync("other", SizeBytes);
        await RefusedAsync("other", changes, "no copy");
        await Assert.ThrowsExactlyAsync<InvalidDataException>(() => bed.Manager.Transfers.ImportAsync("x", new MemoryStream(new byte[3]), CancellationToken.None));
        await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => bed.Manager.Transfers.ResumeImportAsync(first.Volume, new MemoryStream(), CancellationToken.None));

        async Task RefusedAsync(string name, byte[] stream, string reason) => StringAssert.Contains(
            (await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => bed.Manager.Transfers.ImportAsync(name, new MemoryStream(stream), CancellationToken.None))).Message, reason);
    }

    [TestMethod]
    public void The_format_is_what_the_handbook_says()
    {
        byte[] stream = new byte[ExportHeader.Bytes + (2 * ExportChunk.Bytes)];
        new ExportHeader(new("11111111-2222-3333-4444-555555555555"), new("66666666-7777-8888-9999-aaaaaaaaaaaa"), Guid.Empty, 1 << 20, "s").Encode(stream);
        byte[] chain = ExportHeader.ChainOf(stream);
        new ExportChunk(ExportChunkKind.Zeros, 4096, 8192).Encode(stream.AsSpan(ExportHeader.Bytes), default, chain);
        new ExportChunk(ExportChunkKind.End, 1 << 20, 0).Encode(stream.AsSpan(ExportHeader.Bytes + ExportChunk.Bytes), default, chain);
        string hex = Convert.ToHexStringLower(stream);
        StringAssert.StartsWith(hex, "4c554e414558500001000000000100001111111122223333444455555555555566666666777788889999aaaaaaaaaaaa" + new string('0', 32) + "00001000000000000173");
        Assert.AreEqual("4c58434802000000001000000000000000200000000000000000000000000000", hex.Substring(512, 64));
        Assert.AreEqual(Fixture, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(stream)));
    }

    private const string Fixture = "de9447141bb0fe9399df6fc14a7c027689e0dd7de29e1221dd6c5abee5541e93";

    private static async Task<(Snapshot Snapshot, byte[] Content)> PrepareAsync(EngineBed bed)
    {
        Volume volume = await bed.CreateAsync(sizeBytes: SizeBytes);
        byte[] content = new byte[SizeBytes];
        new Random(1).NextBytes(content);
        content.AsSpan(1 << 20, 1 << 20).Clear();
        for (int at = 0; at < SizeBytes; at += 1 << 20)
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(at, content.AsMemory(at, 1 << 20), durable: false));
        return (await bed.Manager.CreateSnapshotAsync(volume, "s"), content);
    }

    private static async Task<byte[]> ExportAsync(EngineBed bed, Snapshot snapshot, Snapshot? since)
    {
        // Garbage collection moves blocks, which then count as changed.
        bed.Manager.IsCollectionPaused = true;
        MemoryStream stream = new();
        await bed.Manager.Transfers.ExportAsync(snapshot, since, null, stream, CancellationToken.None);
        return stream.ToArray();
    }

    private static async Task AssertIsAsync(EngineBed bed, byte[] expected)
    {
        Volume copy = bed.Manager.Find("copy")!;
        Assert.AreEqual(expected.Length, copy.SizeBytes);
        byte[] content = new byte[expected.Length];
        Assert.AreEqual(VolumeStatus.Ok, await copy.ReadAsync(0, content));
        ModelSteps.AssertSame(expected, content, 0);
    }
}
