using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Segments;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Access;

/// <summary>What all volumes of an engine share. Owned by the volume manager.</summary>
internal sealed record EngineParts(
    WriteLog Log,
    SegmentStore Segments,
    SegmentPins Pins,
    CutMarks Marks,
    WritePacer Pacer,
    Gong Published,
    EngineHealth Health,
    VolumesOptions Options,
    TimeProvider Time,
    ILogger Logger);
