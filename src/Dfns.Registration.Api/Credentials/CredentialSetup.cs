namespace Dfns.Registration.Api.Credentials;

/// <summary>The services of credential management.</summary>
internal static class CredentialSetup
{
    public static void AddCredentials(this WebApplicationBuilder builder)
    {
        builder.Services.AddScoped<CredentialCallers>();
        builder.Services.AddScoped<CredentialStore>();
        builder.Services.AddScoped<NewCredentials>();
    }
}
