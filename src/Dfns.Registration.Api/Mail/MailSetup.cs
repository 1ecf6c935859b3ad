using System.Net;
using Dfns.Registration.Api.Settings;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Dfns.Registration.Api.Mail;

/// <summary>Chooses how mails go out.</summary>
internal static class MailSetup
{
    public static void AddMail(this WebApplicationBuilder builder)
    {
        var development = builder.Environment.IsDevelopment();
        builder.Bind<MailOptions>(MailOptions.Section)
            .Validate(o => o.Delivery != MailDelivery.Log || development, "Mail:Delivery may be 'Log' in Development only: it writes codes to the log. Use 'Smtp'.")
            .Validate(o => o.Delivery != MailDelivery.Smtp || !string.IsNullOrWhiteSpace(o.Host), "Mail:Host is required, such as 'smtp.example.co'.")
            .Validate(o => o.Delivery != MailDelivery.Smtp || MailboxAddress.TryParse(o.From, out _), "Mail:From is required, such as 'Example <no-reply@example.co>'.")
            .Validate(o => string.IsNullOrEmpty(o.Username) == string.IsNullOrEmpty(o.Password), "Mail:Username and Mail:Password are for one another: without the other, neither has an effect. Set both or none.")
            .Validate(o => o.Security != MailSecurity.None || string.IsNullOrEmpty(o.Password) || IsThisMachine(o.Host), "Mail:Security must not be 'None' with a Mail:Password for another machine: it would go over the network for everybody to read. Use 'StartTls'.")
            .Validate(o => development || o.Security != MailSecurity.None || o.Delivery != MailDelivery.Smtp || !string.IsNullOrEmpty(o.Password) || string.IsNullOrWhiteSpace(o.Host) || IsThisMachine(o.Host), "Mail:Security must not be 'None' for another machine: codes would go over the network for everybody to read. Use 'StartTls', or a relay on this machine.")
            .Validate(o => development || o.Link is null || !o.Link.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || (Uri.TryCreate(o.Link, UriKind.Absolute, out var link) && link.IsLoopback), "Mail:Link must begin with 'https://', or a code would go over the network for everybody to read; such as 'https://app.example.co/register#username={username}&code={code}&orgId={orgId}'.")
            .Validate(o => o.Link is null || (Uri.TryCreate(o.Link, UriKind.Absolute, out var page) && (page.Scheme == Uri.UriSchemeHttps || page.Scheme == Uri.UriSchemeHttp)), "Mail:Link must be the address of a page, such as 'https://app.example.co/register#username={username}&code={code}&orgId={orgId}'.")
            .Validate(o => o.EhloName is null || EhloName.IsValid(o.EhloName), "Mail:EhloName must be a domain or an address in brackets, such as 'auth.example.co' or '[192.0.2.1]'.")
            .Validate(o => o.Spread >= TimeSpan.Zero && o.Spread <= TimeSpan.FromMinutes(1), "Mail:Spread must not be negative and at most a minute, such as '00:00:01'.")
            .Validate(o => o.Port is > 0 and <= 65535, "Mail:Port must be from 1 to 65535, such as 587.")
            .Validate(o => o.Link is null || o.Link.Contains("{code}", StringComparison.Ordinal), "Mail:Link must contain '{code}', such as 'https://app.example.co/register#username={username}&code={code}&orgId={orgId}'.");

        builder.Services.AddSingleton<SmtpCodeDelivery>();
        builder.Services.AddSingleton<LogCodeDelivery>();
        builder.Services.AddSingleton<ICodeDelivery>(services => services.GetRequiredService<IOptions<MailOptions>>().Value.Delivery switch
        {
            MailDelivery.Smtp => services.GetRequiredService<SmtpCodeDelivery>(),
            MailDelivery.Log => services.GetRequiredService<LogCodeDelivery>(),
        });
        builder.Services.AddScoped<MailStore>();
        builder.Services.AddSingleton<Mails>();
        builder.Services.AddSingleton<MailSender>();
        builder.Services.AddHostedService(services => services.GetRequiredService<MailSender>());
    }

    private static bool IsThisMachine(string? host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
