using System.ComponentModel.DataAnnotations;

namespace Dfns.Registration.Api.Registration;

/// <summary>Section <c>Registration</c>.</summary>
public sealed class RegistrationOptions
{
    public const string Section = "Registration";

    /// <summary>How long a registration code is good for; default 4 hours, at most 7 days.</summary>
    public TimeSpan CodeLifetime { get; set; } = TimeSpan.FromHours(4);

    /// <summary>How long whoever is invited can register, with however many codes; default 7 days, at least one hour, at most 90 days.</summary>
    public TimeSpan InvitationLifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long a challenge may be answered; default 15 minutes, at most one hour.</summary>
    public TimeSpan ChallengeLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Wrong guesses after which a code is locked until a new one is sent; default 100, at most 1,000. The code has 80 bits: a low limit would only let anybody lock it.</summary>
    [Range(1, 1000, ErrorMessage = "Registration:MaxCodeFailures must be from 1 to 1000, such as 100.")]
    public int MaxCodeFailures { get; set; } = 100;

    /// <summary>How long a user's code stands before another can be sent, of the first three; default one minute, at most one hour.</summary>
    public TimeSpan ResendInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Open challenges a user may have; one more drops the oldest. Default 5, at most 20.</summary>
    [Range(1, 20, ErrorMessage = "Registration:MaxOpenChallenges must be from 1 to 20, such as 5.")]
    public int MaxOpenChallenges { get; set; } = 5;

    /// <summary>Bytes a request body may have; default and most 256 KiB.</summary>
    [Range(16 * 1024, 256 * 1024, ErrorMessage = "Registration:MaxBodySizeBytes must be from 16384 to 262144, such as 262144.")]
    public int MaxBodySizeBytes { get; set; } = 256 * 1024;
}
