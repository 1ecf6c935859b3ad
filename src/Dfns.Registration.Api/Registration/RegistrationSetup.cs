using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Registration;

/// <summary>The services and settings of registration, and what it sets of the rooms below that other flows use too.</summary>
internal static class RegistrationSetup
{
    public static void AddRegistration(this WebApplicationBuilder builder)
    {
        builder.Bind<RegistrationOptions>(RegistrationOptions.Section)
            .Validate(o => o.CodeLifetime > TimeSpan.Zero && o.CodeLifetime <= TimeSpan.FromDays(7), "Registration:CodeLifetime must be more than zero and at most 7 days, such as '04:00:00'.")
            .Validate(o => o.InvitationLifetime >= TimeSpan.FromHours(1) && o.InvitationLifetime <= TimeSpan.FromDays(90), "Registration:InvitationLifetime must be at least one hour and at most 90 days, such as '7.00:00:00'.")
            .Validate(o => o.ChallengeLifetime > TimeSpan.Zero && o.ChallengeLifetime <= TimeSpan.FromHours(1), "Registration:ChallengeLifetime must be more than zero and at most one hour, such as '00:15:00'.")
            .Validate(o => o.ResendInterval >= TimeSpan.Zero && o.ResendInterval <= TimeSpan.FromHours(1), "Registration:ResendInterval must not be negative and at most one hour, such as '00:01:00'.");

        builder.Services.AddOptions<BodyLimits>().Configure<IOptions<RegistrationOptions>>((limits, o) => limits.MaxSizeBytes = o.Value.MaxBodySizeBytes);
        builder.Services.AddOptions<ChallengeOptions>().Configure<IOptions<RegistrationOptions>>((challenges, o) =>
        {
            challenges.MostOpen = o.Value.MaxOpenChallenges;
            challenges.RegistrationLifetime = o.Value.ChallengeLifetime;
        });
        builder.Services.AddOptions<CodeOptions>().Configure<IOptions<RegistrationOptions>>((codes, o) =>
        {
            codes.Lifetimes[CodePurpose.Registration] = o.Value.CodeLifetime;
            codes.InvitationLifetime = o.Value.InvitationLifetime;
            codes.MaxFailures = o.Value.MaxCodeFailures;
            codes.ResendInterval = o.Value.ResendInterval;
        });
        builder.Services.AddScoped<RegistrationStore>();
        builder.Services.AddScoped<CompleteRegistration>();
        builder.Services.AddSingleton<SessionStore>();
    }
}
