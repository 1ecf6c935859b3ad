namespace Dfns.Registration.Api.Hosting;

/// <summary>Section <c>Housekeeping</c>.</summary>
public sealed class HousekeepingOptions
{
    public const string Section = "Housekeeping";

    /// <summary>How long after one deletion the next begins, on each instance; the first so long after the start.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long audit events are kept; none, and they are kept for ever. At least 30 days: what happened lately is not to be forgotten by a slip.</summary>
    public TimeSpan? KeepAuditEvents { get; set; }

    /// <summary>How long signed actions are kept with what proves them; none, and they are kept for ever. At least 30 days, as audit events.</summary>
    public TimeSpan? KeepSignedActions { get; set; }
}
