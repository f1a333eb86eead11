using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// Where the settings lie, which only the program knows: <paramref name="List"/> says what the run works with, <paramref name="SetAsync"/> changes the file and
/// what can be changed live; it refuses with <see cref="RefusedException"/>. <paramref name="LogFile"/>: the name of the message log, null = there is none.
/// </summary>
public sealed record SettingsAccess(Func<IReadOnlyList<SettingView>> List, Func<SetSettings, Task<IReadOnlyList<SettingChangeView>>> SetAsync, string? LogFile);

/// <summary>The settings of appliance.json. Any thread.</summary>
public sealed class SettingsService
{
    private readonly SettingsAccess _access;
    private readonly ChangeRecorder _changes;

    internal SettingsService(SettingsAccess access, ChangeRecorder changes) => (_access, _changes) = (access, changes);

    /// <summary>All settings with the values of this run; secrets are not shown.</summary>
    public IReadOnlyList<SettingView> List() => _access.List();

    /// <summary>The name of the message log, null = there is none.</summary>
    internal string? LogFile => _access.LogFile;

    /// <summary>Changes settings, or only says what would change.</summary>
    public Task<IReadOnlyList<SettingChangeView>> SetAsync(Actor actor, SetSettings wanted) => _changes.RunAsync(actor, "settings.set", "settings", async change =>
    {
        var made = await _access.SetAsync(wanted);
        change.Nothing = wanted.DryRun || made.Count == 0;
        change.After = made.ToArray();
        return made;
    });
}
