using System.Globalization;
using Lunaria.Volumes.Metadata;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>Copies of lunaria.db while it is in use: in <c>backups</c> of the data directory, the newest of them. Any thread.</summary>
public sealed class BackupService
{
    private const int MaxKept = 30;
    private readonly MetadataDatabase _metadata;
    private readonly ChangeRecorder _changes;
    private readonly TimeProvider _time;

    internal BackupService(MetadataDatabase metadata, ChangeRecorder changes, TimeProvider time) => (_metadata, _changes, _time) = (metadata, changes, time);

    /// <summary>Makes one; the oldest goes where there are too many.</summary>
    public Task<BackupView> CreateAsync(Actor actor) => _changes.RunAsync(actor, "backup.create", "backups", async change =>
    {
        var directory = Path.Combine(Path.GetDirectoryName(_metadata.FilePath)!, "backups");
        var now = _time.GetUtcNow();
        var path = Path.Combine(directory, $"lunaria-{now.UtcDateTime.ToString("yyyyMMdd-HHmmss-fff", CultureInfo.InvariantCulture)}.db");
        try
        {
            // It has all that lunaria.db has, so nobody else may read it.
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(directory);
            else
                Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await Task.Run(() => _metadata.BackUp(path));
            foreach (var old in Directory.GetFiles(directory, "lunaria-*.db").Order(StringComparer.Ordinal).SkipLast(MaxKept))
                File.Delete(old);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RefusedException(RefusalKind.Unavailable, e.Message);
        }

        var view = new BackupView(path, new FileInfo(path).Length, now);
        change.After = view;
        return view;
    });
}
