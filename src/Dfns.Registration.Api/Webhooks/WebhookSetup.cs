using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Webhooks;

/// <summary>Whom organisations want to be told, and how they are.</summary>
internal static class WebhookSetup
{
    public static void AddWebhooks(this WebApplicationBuilder builder)
    {
        builder.Bind<WebhookOptions>(WebhookOptions.Section)
            .Validate(o => o.AllowedNetworks.All(n => WebhookAddresses.Parse(n) is not null), "Webhooks:AllowedNetworks must hold networks, such as '10.1.0.0/16' or 'fd00:1::/32'.")
            .Validate(o => o.HttpHosts.All(h => Uri.CheckHostName(h) != UriHostNameType.Unknown), "Webhooks:HttpHosts must hold names or addresses of hosts without a port, such as 'backend.internal'.")
            .Validate(o => o.Timeout >= TimeSpan.FromSeconds(1) && o.Timeout <= TimeSpan.FromSeconds(30), "Webhooks:Timeout must be from one to 30 seconds, such as '00:00:10'.");
        builder.Services.AddSingleton<WebhookAddresses>();
        builder.Services.AddSingleton<WebhookUrls>();
        builder.Services.AddSingleton<WebhookBody>();
        builder.Services.AddSingleton<WebhookClient>();
        builder.Services.AddScoped<WebhookStore>();
        builder.Services.AddScoped<WebhookSecrets>();
        builder.Services.AddSingleton<EventSender>();
        builder.Services.AddSingleton<IEventGate>(services => services.GetRequiredService<EventSender>());
        builder.Services.AddHostedService(services => services.GetRequiredService<EventSender>());
    }
}
