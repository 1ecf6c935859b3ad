using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Storage;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Recovery;

/// <summary>The services and settings of recovery, and how long its codes are good for.</summary>
internal static class RecoverySetup
{
    public static void AddRecovery(this WebApplicationBuilder builder)
    {
        builder.Bind<RecoveryOptions>(RecoveryOptions.Section)
            .Validate(o => o.CodeLifetime > TimeSpan.Zero && o.CodeLifetime <= TimeSpan.FromHours(1), "Recovery:CodeLifetime must be more than zero and at most one hour, such as '00:15:00'.")
            .Validate(o => o.ChallengeLifetime > TimeSpan.Zero && o.ChallengeLifetime <= TimeSpan.FromHours(1), "Recovery:ChallengeLifetime must be more than zero and at most one hour, such as '00:15:00'.");

        builder.Services.AddOptions<CodeOptions>().Configure<IOptions<RecoveryOptions>>((codes, o) => codes.Lifetimes[CodePurpose.Recovery] = o.Value.CodeLifetime);
        builder.Services.AddScoped<RecoveryStore>();
    }
}
