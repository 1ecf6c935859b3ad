using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Storage;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.SignIn;

/// <summary>The services and settings of signing in, and what it sets of the rooms below that other flows use too.</summary>
internal static class SignInSetup
{
    public static void AddSignIn(this WebApplicationBuilder builder)
    {
        builder.Bind<SignInOptions>(SignInOptions.Section)
            .Validate(o => o.CodeLifetime > TimeSpan.Zero && o.CodeLifetime <= TimeSpan.FromHours(1), "SignIn:CodeLifetime must be more than zero and at most one hour, such as '00:15:00'.")
            .Validate(o => o.ChallengeLifetime > TimeSpan.Zero && o.ChallengeLifetime <= TimeSpan.FromHours(1), "SignIn:ChallengeLifetime must be more than zero and at most one hour, such as '00:05:00'.")
            .Validate(o => o.UserActionLifetime > TimeSpan.Zero && o.UserActionLifetime <= TimeSpan.FromHours(1), "SignIn:UserActionLifetime must be more than zero and at most one hour, such as '00:05:00'.")
            .Validate(o => o.SessionLifetime > TimeSpan.Zero && o.SessionLifetime <= TimeSpan.FromDays(30), "SignIn:SessionLifetime must be more than zero and at most 30 days, such as '06:00:00'.");

        builder.Services.AddOptions<ChallengeOptions>().Configure<IOptions<SignInOptions>>((challenges, o) =>
        {
            challenges.AuthenticationLifetime = o.Value.ChallengeLifetime;
            challenges.SignedCallLifetime = o.Value.UserActionLifetime;
        });
        builder.Services.AddOptions<CodeOptions>().Configure<IOptions<SignInOptions>>((codes, o) => codes.Lifetimes[CodePurpose.Login] = o.Value.CodeLifetime);
        builder.Services.AddOptions<AccountOptions>().Configure<IOptions<SignInOptions>>((sessions, o) => sessions.SessionLifetime = o.Value.SessionLifetime);
        builder.Services.AddScoped<SignInStore>();
        builder.Services.AddScoped<ProviderSignIn>();
        builder.Services.AddSingleton<NameStore>();
    }
}
