namespace Dfns.Registration.Api.Trust;

/// <summary>What decides on trust in attestation.</summary>
internal static class TrustSetup
{
    /// <summary>What requests read; empty until <see cref="AddTrustRefresh"/> fills it.</summary>
    public static void AddTrust(this IServiceCollection services) => services.AddSingleton<TrustSources>();

    public static void AddTrustRefresh(this IServiceCollection services)
    {
        services.AddHttpClient(MetadataSource.ClientName, client => client.Timeout = TimeSpan.FromMinutes(1))
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false });
        services.AddSingleton<TrustRefresh>().AddHostedService(provider => provider.GetRequiredService<TrustRefresh>());
    }
}
