namespace Dfns.Registration.Api.Social;

/// <summary>What tells who an ID token belongs to.</summary>
internal static class SocialSetup
{
    public static void AddSocial(this IServiceCollection services)
    {
        services.AddSingleton<ProviderKeys>();
        services.AddScoped<IdTokenValidator>();
        services.AddScoped<SocialStore>();
    }
}
