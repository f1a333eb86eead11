namespace Lunaria.Volumes.Io;

/// <summary>One read that may wait for the medium. Pooled by its disk.</summary>
internal sealed class ReadOperation : IoOperation
{
    private DiskFile? _file;
    private long _offsetBytes;
    private Memory<byte> _destination;

    /// <summary>Sets what is read; then it is enqueued.</summary>
    public void Set(DiskFile file, long offsetBytes, Memory<byte> destination) =>
        (_file, _offsetBytes, _destination) = (file, offsetBytes, destination);

    /// <inheritdoc/>
    public override void Run()
    {
        (DiskFile file, Memory<byte> destination) = (_file!, _destination);
        (_file, _destination) = (null, default);
        file.Read(_offsetBytes, destination.Span);
    }
}
