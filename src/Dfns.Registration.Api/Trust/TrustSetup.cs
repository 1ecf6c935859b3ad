using Dfns.Registration.Api.Settings;

namespace Dfns.Registration.Api.Trust;

/// <summary>What decides on trust in attestation.</summary>
internal static class TrustSetup
{
    /// <summary>What requests read; empty until <see cref="AddTrustRefresh"/> fills it.</summary>
    public static void AddTrust(this WebApplicationBuilder builder)
    {
        builder.Bind<TrustOptions>(TrustOptions.Section)
            .Validate(o => o.RootsDirectory is not { } directory || HasRoots(directory), "Trust:RootsDirectory must be a directory whose .pem files hold certificates and are named after formats, such as 'tpm.pem', 'android-key.google.pem' or 'all.pem'.")
            .Validate(o => o.MetadataSource is null || (o.MetadataSource.Length > 0 && (o.MetadataAddress is null || o.MetadataAddress.Scheme == Uri.UriSchemeHttps)), "Trust:MetadataSource must be a file or an https address, such as 'https://mds3.fidoalliance.org/'.")
            .Validate(o => o.MetadataSource is null || IsPemFile(o.MetadataRoots), "Trust:MetadataRoots must be a PEM file with the roots of the metadata service.")
            .Validate(o => o.MetadataSource is not null || o.MetadataRoots is null, "Trust:MetadataRoots has no effect without a Trust:MetadataSource, such as 'https://mds3.fidoalliance.org/'; set both or none.")
            .Validate(o => o.MetadataMaxOverdue >= TimeSpan.Zero && o.MetadataMaxOverdue <= TimeSpan.FromDays(366), "Trust:MetadataMaxOverdue must not be negative and at most a year, such as '30.00:00:00'.")
            .Validate(o => o.RefreshInterval >= TimeSpan.FromMinutes(1) && o.RefreshInterval <= TimeSpan.FromDays(7), "Trust:RefreshInterval must be at least a minute and at most a week, such as '06:00:00'.");
        builder.Services.AddSingleton<TrustSources>();
    }

    public static void AddTrustRefresh(this IServiceCollection services)
    {
        services.AddHttpClient(MetadataSource.ClientName, client => client.Timeout = TimeSpan.FromMinutes(1))
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false });
        services.AddScoped<MetadataStore>();
        services.AddSingleton<TrustRefresh>().AddHostedService(provider => provider.GetRequiredService<TrustRefresh>());
    }

    // One without any would look as if there were some.
    private static bool HasRoots(string directory) => directory.Length > 0 && RootFiles.Read(directory, out var roots) is null && roots.Count > 0;

    private static bool IsPemFile(string? file)
    {
        try
        {
            return file is not null && !RootFiles.ReadPem(file).Refused(out _, out _);
        }
        catch (Exception e) when (RootFiles.IsFileFailure(e))
        {
            return false;
        }
    }
}
