namespace Lunaria.Appliance.Hosting;

/// <summary>
/// What an administrator decides for one start. <paramref name="TakeOver"/>: take a shared store from the appliance that has it. <paramref name="Without"/>: paths or ids of
/// components of the pool to go on without.
/// </summary>
internal sealed record StartChoices(bool TakeOver, IReadOnlyList<string> Without);
