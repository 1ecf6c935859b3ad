using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Mail;

/// <summary>Chooses how codes go out.</summary>
internal static class MailSetup
{
    public static void AddCodeDelivery(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<SmtpCodeDelivery>();
        builder.Services.AddSingleton<LogCodeDelivery>();
        builder.Services.AddSingleton<ICodeDelivery>(services => services.GetRequiredService<IOptions<MailOptions>>().Value.Delivery switch
        {
            MailDelivery.Smtp => services.GetRequiredService<SmtpCodeDelivery>(),
            MailDelivery.Log => services.GetRequiredService<LogCodeDelivery>(),
        });
        builder.Services.AddSingleton<CodeMailQueue>();
        builder.Services.AddHostedService(services => services.GetRequiredService<CodeMailQueue>());
    }
}
