using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Pool;

/// <summary>Turns failures of a component's file into kinds of <see cref="ObjectStoreError"/>.</summary>
internal static class PoolErrors
{
    /// <summary>A write of object bytes or of unused table failed; nothing depends on it yet.</summary>
    public static ObjectStoreException ForWrite(IOException cause, string path) => cause is DiskFullException
        ? new(ObjectStoreError.OutOfSpace,
            $"The file system of pool component {path} is full, although the pool has space left: free some space there.", cause)
        : new(ObjectStoreError.Retry, $"Writing to pool component {path} failed: {cause.Message}", cause);

    /// <summary>Reading an object's bytes failed.</summary>
    public static ObjectStoreException ForRead(IOException cause, string path, string key) => cause is EndOfStreamException
        ? new(ObjectStoreError.Fatal,
            $"Pool component {path} ends before object '{key}': the file was truncated while in use. Restore it from a backup.", cause)
        : new(ObjectStoreError.Retry, $"Reading object '{key}' from pool component {path} failed: {cause.Message} Check the device.", cause);

    /// <summary>The bytes of a copy are not those of the object.</summary>
    public static ObjectStoreException ForDamage(ObjectCopy copy) => new(ObjectStoreError.Fatal,
        $"Object '{copy.Record.Key}' is damaged: its bytes at {copy.OffsetBytes} of {copy.Component.DisplayPath} do not have the checksum that they were "
        + "stored with. Check the device.");
}
