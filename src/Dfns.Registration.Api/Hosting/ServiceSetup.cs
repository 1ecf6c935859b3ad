using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Credentials;
using Dfns.Registration.Api.Demonstration;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.OpenApi;
using Dfns.Registration.Api.Permissions;
using Dfns.Registration.Api.Recovery;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.SignIn;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Trust;
using Dfns.Registration.Api.UserActions;
using Dfns.Registration.Api.Webhooks;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Dfns.Registration.Api.Hosting;

/// <summary>What the service is made of: first what the command line needs too, then what only HTTP needs.</summary>
internal static class ServiceSetup
{
    /// <summary>Every room with its settings and its work. In the order in which faults of the settings are told.</summary>
    public static void AddService(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddScoped<RequestFacts>();
        builder.Services.AddSingleton<AuditTally>();
        builder.AddDatabase();
        builder.AddSecrets();
        builder.AddTokens();
        builder.AddRegistration();
        builder.AddSignIn();
        builder.AddRecovery();
        builder.AddMail();
        builder.AddTrust();
        builder.AddThrottling();
        builder.AddSocial();
        builder.AddAccounts();
        builder.AddCodes();
        builder.AddCeremonies();
        builder.AddCredentials();
        // What only the web server reads is held to its rules by a command too: else a setting that passes there ends the next start.
        builder.Bind<HousekeepingOptions>(HousekeepingOptions.Section)
            .Validate(o => o.Interval >= TimeSpan.FromSeconds(1) && o.Interval <= TimeSpan.FromDays(1), "Housekeeping:Interval must be from one second to one day, such as '01:00:00'.")
            .Validate(o => o.KeepAuditEvents is null || o.KeepAuditEvents >= TimeSpan.FromDays(30), "Housekeeping:KeepAuditEvents must be at least 30 days, such as '730.00:00:00'; without it audit events are kept for ever.")
            .Validate(o => o.KeepSignedActions is null || o.KeepSignedActions >= TimeSpan.FromDays(30), "Housekeeping:KeepSignedActions must be at least 30 days, such as '3650.00:00:00'; without it signed actions are kept for ever.");
        if (builder.Environment.IsDevelopment()) builder.BindDemonstration();
        builder.AddPermissions();
        builder.AddWebhooks();
        builder.AddUserActions();
    }

    /// <summary>The web server and what surrounds its handlers.</summary>
    public static void AddWeb(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = NetworkOptions.MaxConnectionsOf(builder.Configuration);
            // A body of 256 KiB may take minutes, not a quarter of an hour.
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 1024, gracePeriod: TimeSpan.FromSeconds(10));
        });
        builder.Services.AddClientGone();
        builder.AddTelemetry();
        builder.Services.AddCors().AddSingleton<ICorsPolicyProvider, OrganisationCors>();
        builder.Services.AddRateLimits();
        builder.Services.AddHealth();
        builder.Services.AddSingleton<Housekeeping>().AddHostedService(services => services.GetRequiredService<Housekeeping>());
        builder.Services.AddHostedService(services => services.GetRequiredService<AuditTally>());
        builder.Services.AddTrustRefresh();
        if (builder.Environment.IsDevelopment()) builder.AddDemonstration();
        builder.Services.AddOpenApiDocument();
    }
}
