using Lunaria.Volumes.Log;
using Lunaria.Volumes.Overlay;

namespace Lunaria.Volumes.Access;

/// <summary>
/// What the log holds of one generation of a line. <paramref name="EndLsn"/>: of the marker that ended it, ulong.MaxValue for the newest; <paramref name="End"/>: behind that
/// marker. The overlay is used under the index's mapLock.
/// </summary>
internal sealed record OverlayLayer(uint Generation, LogOverlay Overlay, ulong EndLsn, LogPosition End);
