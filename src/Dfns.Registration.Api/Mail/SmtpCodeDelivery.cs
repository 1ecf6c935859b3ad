using System.Globalization;
using Dfns.Registration.Api.Users;
using MailKit.Net.Smtp;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Dfns.Registration.Api.Mail;

/// <summary>Sends codes by SMTP, one connection a mail.</summary>
internal sealed class SmtpCodeDelivery(IOptions<MailOptions> options) : ICodeDelivery
{
    private const int TimeoutMilliseconds = 15_000;

    public async Task DeliverAsync(CodeMail mail, CancellationToken ct)
    {
        var settings = options.Value;
        if (!UserStore.IsMailable(mail.To)) throw new AddressNotMailableException();
        using var client = new SmtpClient { CheckCertificateRevocation = settings.CheckRevocation, Timeout = TimeoutMilliseconds };
        await client.ConnectAsync(settings.Host!, settings.Port, settings.Security, ct);
        if (settings.Username is { } username) await client.AuthenticateAsync(username, settings.Password ?? "", ct);
        using var message = Compose(mail, settings);
        await client.SendAsync(message, ct);
        await client.DisconnectAsync(quit: true, ct);
    }

    private static MimeMessage Compose(CodeMail mail, MailOptions settings)
    {
        var message = new MimeMessage();
        message.From.Add(MailboxAddress.Parse(settings.From!));
        message.To.Add(MailboxAddress.Parse(mail.To));
        message.Subject = $"Your registration code for {mail.OrganisationName}";
        var link = settings.Link is { } template ? $"Open this link to register:\n\n{Fill(template, mail)}\n\nOr enter the code by hand.\n\n" : "";
        message.Body = new TextPart("plain")
        {
            Text = $"""
                You have been invited to {mail.OrganisationName}.

                {link}Code:         {mail.Code}
                Username:     {mail.To}
                Organisation: {mail.OrganisationId}

                The code is valid until {mail.ExpiresAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC. A newer code replaces it.
                If you did not expect this mail, ignore it: nobody can register without the code.

                """,
        };
        return message;
    }

    private static string Fill(string template, CodeMail mail) => template
        .Replace("{username}", Uri.EscapeDataString(mail.To), StringComparison.Ordinal)
        .Replace("{code}", Uri.EscapeDataString(mail.Code), StringComparison.Ordinal)
        .Replace("{orgId}", Uri.EscapeDataString(mail.OrganisationId), StringComparison.Ordinal);
}
