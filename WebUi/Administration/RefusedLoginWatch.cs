using Lunaria.Iscsi;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// Makes events of log-ins that were refused: one at once, further ones together after a minute, then two, four, up to an hour, however many come from wherever. So
/// nobody can fill the table of events from outside. After an hour without any the next one is told at once again. Owned by the <see cref="HealthWatch"/>.
/// </summary>
internal sealed class RefusedLoginWatch(IscsiServer server, EventService events, TimeProvider time)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMinutes(1), LongestPause = TimeSpan.FromHours(1);

    private long _told;
    private DateTimeOffset _toldAt;
    private TimeSpan _pause;

    /// <summary>One look.</summary>
    public void Look()
    {
        var refused = server.RefusedLogins.Values.Sum();
        var now = time.GetUtcNow();
        if (refused == _told || now < _toldAt + _pause || server.LastRefusedLogin is not { } last)
            return;
        var count = refused - _told;
        var since = count > 1 && _told > 0 ? $" since {_toldAt:u}" : "";
        events.Add(EventCode.LoginRefused, Severity.Warning, last.TargetName == null ? "targets" : $"target {last.TargetName}",
            $"{(count == 1 ? "A log-in was" : $"{count} log-ins were")} refused{since}, the last of {last.InitiatorName ?? "an initiator without a name"} from {last.Address}: {last.Reason} ({last.Status:x4}).");
        _pause = now - _toldAt > _pause + LongestPause ? ShortestPause : TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, LongestPause.Ticks));
        (_told, _toldAt) = (refused, now);
    }
}
