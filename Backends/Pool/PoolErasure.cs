using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging;

namespace Lunaria.Backends.Pool;

/// <summary>Makes a component one no more. The caller has made sure that nothing needs it.</summary>
internal static class PoolErasure
{
    /// <summary>
    /// Closes a component that its pool does not know any more, and erases it. Where that fails it is only logged: the labels of the others have settled that
    /// it is not of the pool.
    /// </summary>
    public static async ValueTask ForgetAsync(PoolComponent component, ILogger logger)
    {
        try
        {
            await EraseAsync(component.Source, component.File, component.Layout);
        }
        catch (IOException e)
        {
            PoolLog.NotErased(logger, component.DisplayPath, e);
        }
        finally
        {
            component.Dispose();
        }
    }

    /// <summary>
    /// Deletes a file. Discards what is on a device, then zeroes its labels, durably: from then on the device is blank.
    /// </summary>
    public static async ValueTask EraseAsync(PoolComponentSource source, IDiskFile file, ComponentLayout layout)
    {
        if (!source.IsDevice)
        {
            source.Disk.Delete(source.Path);
            await source.Disk.FlushDirectoryAsync(PoolCreation.DirectoryOf(source.Path));
            return;
        }

        file.PunchHole(ComponentLayout.LabelAreaBytes, layout.BackLabelOffset - ComponentLayout.LabelAreaBytes);
        byte[] zeros = new byte[Math.Min(ComponentProbe.BlankBytes, layout.BackLabelOffset / ComponentLayout.PageBytes * ComponentLayout.PageBytes) - ComponentLayout.LabelAreaBytes];
        file.Write(ComponentLayout.LabelAreaBytes, zeros);
        file.Write(layout.BackLabelOffset - zeros.Length, zeros);
        await file.FlushAsync();
        await DeviceMark.UnlabelAsync(file, ComponentLayout.LabelAreaBytes, layout.BackLabelOffset);
    }
}
