namespace Dfns.Registration.Api.SignIn;

/// <summary>Section <c>SignIn</c>.</summary>
public sealed class SignInOptions
{
    public const string Section = "SignIn";

    /// <summary>How long a login code is good for; default 15 minutes, at most one hour.</summary>
    public TimeSpan CodeLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long the challenge of a sign-in or of a user action may be answered; default 5 minutes, at most one hour.</summary>
    public TimeSpan ChallengeLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a user action may be used once it is signed; default 5 minutes, at most one hour.</summary>
    public TimeSpan UserActionLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a session lasts; default 6 hours, at most 30 days.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(6);
}
