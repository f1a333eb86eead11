using System.Text.Json;
using System.Text.Json.Nodes;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Settings;

/// <summary>
/// appliance.json while the appliance runs: says what a change would do, makes it in the file, and applies what can be applied at once. Owned by the run;
/// one change at a time.
/// </summary>
internal sealed class SettingsFile(ApplianceSettings running, Func<ApplianceSettings, Task> apply)
{
    private readonly string _path = Path.GetFullPath(running.Origin.Path);
    private readonly Lock _sync = new();
    private IReadOnlyList<SettingView> _running = running.Listing;

    /// <summary>What the run works with now: what it began with, and what has been changed live.</summary>
    public IReadOnlyList<SettingView> List()
    {
        lock (_sync)
            return _running;
    }

    /// <summary>
    /// What <paramref name="wanted"/> changes; with <see cref="SetSettings.DryRun"/> nothing does. <see cref="RefusalKind.Invalid"/> names the key that is wrong and why.
    /// What cannot be applied is not written.
    /// </summary>
    public async Task<IReadOnlyList<SettingChangeView>> SetAsync(SetSettings wanted)
    {
        var text = Read(out var before);
        foreach (var (key, value) in wanted.Values)
        {
            Check(key);
            text = SettingsEditor.Set(text, key, value is { ValueKind: not JsonValueKind.Null } given ? JsonNode.Parse(given.GetRawText())!.ToJsonString() : null);
        }

        var after = Parse(text);
        var changes = Compare(before.Listing, after.Listing);
        if (wanted.DryRun || changes.Count == 0)
            return changes;
        await apply(after);
        try
        {
            Write(text);
        }
        catch (RefusedException)
        {
            await apply(before);
            throw;
        }

        lock (_sync)
            _running = [.. _running.Select(setting => setting.Live ? after.Listing.Single(now => now.Key == setting.Key) : setting)];
        return changes;
    }

    private static void Check(string key)
    {
        if (SettingsListing.Find(key) is not { } setting)
            throw new RefusedException(RefusalKind.Invalid, $"There is no setting {key}. lunaria settings show lists all.", key);
        if (key is "schemaVersion" or "dataDirectory")
            throw new RefusedException(RefusalKind.Invalid, $"{key} is not changed while the appliance runs. Stop it, move what is there, and edit the file.", key);
        if (setting.Shape is TextShape { IsSecret: true })
            throw new RefusedException(RefusalKind.Invalid, $"{key} is a secret: write it into the file.", key);
    }

    private byte[] Read(out ApplianceSettings settings)
    {
        try
        {
            var text = File.ReadAllBytes(_path);
            settings = Parse(text);
            return text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RefusedException(RefusalKind.Unavailable, $"{_path} cannot be read: {e.Message}");
        }
    }

    private ApplianceSettings Parse(byte[] text)
    {
        try
        {
            return SettingsReader.Read(text, _path, running.Origin.Overrides);
        }
        catch (SettingsException e)
        {
            throw new RefusedException(RefusalKind.Invalid, string.Join(" ", e.Errors.Select(error => $"{error}.")), e.Errors[0].Path);
        }
    }

    /// <summary>Complete or not at all, also where the machine stops in the middle.</summary>
    private void Write(byte[] text)
    {
        var temporary = _path + ".new";
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                file.Write(text);
                file.Flush(flushToDisk: true);
            }

            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(temporary, File.GetUnixFileMode(_path));
            File.Move(temporary, _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(temporary);
            throw new RefusedException(RefusalKind.Unavailable, $"{_path} cannot be written: {e.Message} Give whoever runs the appliance the right to, or edit it by hand.");
        }
    }

    private static IReadOnlyList<SettingChangeView> Compare(IReadOnlyList<SettingView> before, IReadOnlyList<SettingView> after) =>
    [
        .. before.Zip(after).Where(pair => pair.First.Value?.GetRawText() != pair.Second.Value?.GetRawText())
            .Select(pair => new SettingChangeView(pair.First.Key, pair.First.Value, pair.Second.Value, pair.First.Live)),
    ];
}
