namespace Dfns.Registration.Api.Recovery;

/// <summary>Section <c>Recovery</c>.</summary>
public sealed class RecoveryOptions
{
    public const string Section = "Recovery";

    /// <summary>How long a recovery code is good for; default 15 minutes, at most one hour.</summary>
    public TimeSpan CodeLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long the challenge of a recovery may be answered; default 15 minutes, at most one hour.</summary>
    public TimeSpan ChallengeLifetime { get; set; } = TimeSpan.FromMinutes(15);
}
