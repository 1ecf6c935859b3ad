namespace Dfns.Registration.Api.Accounts;

/// <summary>Organisations, users, what they may do, and their sessions.</summary>
internal static class AccountSetup
{
    public static void AddAccounts(this WebApplicationBuilder builder)
    {
        builder.Services.AddScoped<OrganisationStore>();
        builder.Services.AddSingleton<RelyingParties>();
        builder.Services.AddSingleton<PublishedRelyingParties>();
        builder.Services.AddScoped<UserStore>();
        builder.Services.AddScoped<ServiceAccountStore>();
        builder.Services.AddScoped<AssignmentStore>();
        builder.Services.AddScoped<AccessTokenStore>();
        builder.Services.AddSingleton<CallerStore>();
        builder.Services.AddScoped<BearerReader>();
        builder.Services.AddScoped<CallerReader>();
        builder.Services.AddScoped<Sessions>();
    }
}
