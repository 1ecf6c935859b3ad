using Dfns.Registration.Api.Secrets;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Tokens;

/// <summary>What issues and reads tokens.</summary>
internal static class TokenSetup
{
    public static void AddTokens(this IServiceCollection services)
    {
        services.AddSingleton(provider => new MasterKey(Convert.FromBase64String(provider.GetRequiredService<IOptions<SecretsOptions>>().Value.MasterKey!)));
        services.AddSingleton<SigningKeys>();
        services.AddSingleton<TokenService>();
    }
}
