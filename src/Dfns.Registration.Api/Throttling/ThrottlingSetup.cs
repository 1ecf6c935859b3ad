using Dfns.Registration.Api.Settings;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Throttling;

/// <summary>What bounds how often anybody may try.</summary>
internal static class ThrottlingSetup
{
    public static void AddThrottling(this WebApplicationBuilder builder)
    {
        builder.Bind<NetworkOptions>(NetworkOptions.Section)
            .Validate(o => o.TrustedProxies.All(p => NetworkOptions.Parse(p) is not null), "Network:TrustedProxies must hold addresses or networks of proxies, not of everybody, such as '10.0.0.0/8'.");
        builder.Bind<RateLimitOptions>(RateLimitOptions.Section);
        builder.Services.AddOptions<ForwardedHeadersOptions>().Configure<IOptions<NetworkOptions>>((headers, network) => network.Value.Configure(headers));
        builder.Services.AddSingleton<BearerLimits>();
        builder.Services.AddScoped<AttemptBudgetStore>();
        builder.Services.AddScoped<AttemptBudgets>();
    }
}
