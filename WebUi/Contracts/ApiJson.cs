using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lunaria.WebUi.Contracts;

/// <summary>Writes an enumeration as words in camel case; numbers are refused.</summary>
internal sealed class EnumWords<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>
/// How requests and answers of the API are written and read, for the server and its clients; made at build time. Unknown fields and null where a
/// value must be are refused.
/// </summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, WriteIndented = true)]
[JsonSerializable(typeof(StatusView))]
[JsonSerializable(typeof(VolumeView))]
[JsonSerializable(typeof(IReadOnlyList<VolumeView>))]
[JsonSerializable(typeof(CreateVolume))]
[JsonSerializable(typeof(EditVolume))]
[JsonSerializable(typeof(LimitsView))]
[JsonSerializable(typeof(SnapshotView))]
[JsonSerializable(typeof(IReadOnlyList<SnapshotView>))]
[JsonSerializable(typeof(SnapshotView[]))]
[JsonSerializable(typeof(SnapshotSpaceView))]
[JsonSerializable(typeof(IReadOnlyList<ChangedRangeView>))]
[JsonSerializable(typeof(CreateSnapshot))]
[JsonSerializable(typeof(CreateSnapshotGroup))]
[JsonSerializable(typeof(EditSnapshot))]
[JsonSerializable(typeof(CloneSnapshot))]
[JsonSerializable(typeof(RollBack))]
[JsonSerializable(typeof(ScheduleView))]
[JsonSerializable(typeof(IReadOnlyList<ScheduleView>))]
[JsonSerializable(typeof(CreateSchedule))]
[JsonSerializable(typeof(EditSchedule))]
[JsonSerializable(typeof(KeepRules))]
[JsonSerializable(typeof(IReadOnlyList<ScheduledSnapshotView>))]
[JsonSerializable(typeof(ScheduleRunView))]
[JsonSerializable(typeof(TargetView))]
[JsonSerializable(typeof(IReadOnlyList<TargetView>))]
[JsonSerializable(typeof(CreateTarget))]
[JsonSerializable(typeof(LunView))]
[JsonSerializable(typeof(IReadOnlyList<LunView>))]
[JsonSerializable(typeof(MapLun))]
[JsonSerializable(typeof(InitiatorView))]
[JsonSerializable(typeof(IReadOnlyList<InitiatorView>))]
[JsonSerializable(typeof(SetChap))]
[JsonSerializable(typeof(IReadOnlyList<SessionView>))]
[JsonSerializable(typeof(IReadOnlyList<SettingView>))]
[JsonSerializable(typeof(SetSettings))]
[JsonSerializable(typeof(IReadOnlyList<SettingChangeView>))]
[JsonSerializable(typeof(SettingChangeView[]))]
[JsonSerializable(typeof(IReadOnlyList<AuditView>))]
[JsonSerializable(typeof(UserView))]
[JsonSerializable(typeof(IReadOnlyList<UserView>))]
[JsonSerializable(typeof(SetUser))]
[JsonSerializable(typeof(IReadOnlyList<TokenView>))]
[JsonSerializable(typeof(CreateToken))]
[JsonSerializable(typeof(NewTokenView))]
[JsonSerializable(typeof(LogIn))]
[JsonSerializable(typeof(SetUp))]
[JsonSerializable(typeof(WhoView))]
[JsonSerializable(typeof(LoadHistoryView))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(CapacityView))]
[JsonSerializable(typeof(IReadOnlyList<EventView>))]
[JsonSerializable(typeof(LiveView))]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(IReadOnlyList<JobView>))]
[JsonSerializable(typeof(ProblemView))]
public sealed partial class ApiJson : JsonSerializerContext;
