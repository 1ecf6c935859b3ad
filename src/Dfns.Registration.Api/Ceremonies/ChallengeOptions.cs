namespace Dfns.Registration.Api.Ceremonies;

/// <summary>What the flows have set of the challenges that several of them issue.</summary>
internal sealed class ChallengeOptions
{
    /// <summary>Challenges for new credentials that a user may have open; <c>Registration:MaxOpenChallenges</c>.</summary>
    public int MostOpen { get; set; }

    /// <summary>How long the challenge for a credential that is added may be answered: as long as that of a registration, <c>Registration:ChallengeLifetime</c>.</summary>
    public TimeSpan RegistrationLifetime { get; set; }

    /// <summary>How long a challenge for registered credentials may be answered; <c>SignIn:ChallengeLifetime</c>.</summary>
    public TimeSpan AuthenticationLifetime { get; set; }

    /// <summary>How long a signed call may be made; <c>SignIn:UserActionLifetime</c>.</summary>
    public TimeSpan SignedCallLifetime { get; set; }
}
