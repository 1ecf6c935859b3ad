using Dfns.Registration.Api.Settings;

namespace Dfns.Registration.Api.Social;

/// <summary>What tells who an ID token belongs to.</summary>
internal static class SocialSetup
{
    public static void AddSocial(this WebApplicationBuilder builder)
    {
        builder.Bind<SocialOptions>(SocialOptions.Section)
            .Validate(o => o.MaxTokenAge > TimeSpan.Zero && o.MaxTokenAge <= TimeSpan.FromDays(1), "Social:MaxTokenAge must be more than zero and at most a day, such as '01:00:00'.");
        builder.Services.AddSingleton<ProviderKeys>();
        builder.Services.AddSingleton<TokenEndpoint>();
        builder.Services.AddScoped<IdTokenValidator>();
        builder.Services.AddScoped<SocialStore>();
        builder.Services.AddScoped<SsoStore>();
    }
}
