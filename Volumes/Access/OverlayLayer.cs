using Lunaria.Volumes.Log;
using Lunaria.Volumes.Overlay;

namespace Lunaria.Volumes.Access;

/// <summary>
/// What the log holds of one generation of a line, or of a part of one. <paramref name="EndLsn"/>: of the marker that ended it, or where it was frozen; ulong.MaxValue for the newest.
/// <paramref name="End"/>: behind that marker. <paramref name="EndsGeneration"/>: false where the generation goes on in the layer above. The overlay is used under the index's mapLock.
/// </summary>
internal sealed record OverlayLayer(uint Generation, LogOverlay Overlay, ulong EndLsn, LogPosition End, bool EndsGeneration = true);
