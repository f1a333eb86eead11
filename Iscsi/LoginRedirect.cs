namespace Lunaria.Iscsi;

/// <summary>Where a target sends hosts that log in (RFC 7143 6.3, 11.13.5). Immutable.</summary>
/// <param name="Address">TargetAddress (RFC 7143 13.8): <c>host[:port][,tag]</c>, IPv6 in brackets.</param>
/// <param name="IsPermanent">True: hosts may remember it (0102). False: they ask here again next time (0101).</param>
public sealed record LoginRedirect(string Address, bool IsPermanent);
