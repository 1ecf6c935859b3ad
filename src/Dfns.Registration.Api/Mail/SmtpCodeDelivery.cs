using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dfns.Registration.Api.Storage;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Dfns.Registration.Api.Mail;

/// <summary>Sends mails by SMTP, one connection a mail.</summary>
internal sealed class SmtpCodeDelivery(IOptions<MailOptions> options) : ICodeDelivery
{
    private const int TimeoutMilliseconds = 15_000;

    public Task DeliverAsync(CodeMail mail, CancellationToken ct)
    {
        var (subject, occasion, warning) = Words(mail);
        // The link leads to the page that registers.
        var link = options.Value.Link is { } template && mail.Purpose == CodePurpose.Registration
            ? $"Open this link to register:\n\n{Fill(template, mail)}\n\nOr enter the code by hand.\n\n"
            : "";
        return SendAsync(
            mail.Id,
            mail.To,
            subject,
            $"""
            {occasion}

            {link}Code:         {mail.Code}
            Username:     {mail.To}
            Organisation: {mail.OrganisationId}

            The code is valid until {Time(mail.ExpiresAt)} UTC. A newer code replaces it.
            {warning}

            """,
            ct);
    }

    public Task DeliverAsync(RecoveryMail mail, CancellationToken ct) => SendAsync(
        mail.Id,
        mail.To,
        $"Your account at {mail.OrganisationName} was recovered",
        $"""
        Your account {mail.To} at {mail.OrganisationName} was recovered with your recovery key at {Time(mail.RecoveredAt)} UTC.

        Every credential that you had before, and every session, has ended. Sign in with the new credentials.
        If it was not you, tell {mail.OrganisationName} at once.

        """,
        ct);

    private async Task SendAsync(string id, string address, string subject, string text, CancellationToken ct)
    {
        var settings = options.Value;
        if (!MailAddress.IsMailable(address)) throw new AddressNotMailableException();
        // Connected here, since it is the connection that tells by which address this machine is known at its other end.
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(settings.Host!, settings.Port, ct);
        using var client = new SmtpClient
        {
            CheckCertificateRevocation = settings.CheckRevocation,
            Timeout = TimeoutMilliseconds,
            LocalDomain = settings.EhloName ?? EhloName.OfThisMachine ?? EhloName.Literal(((IPEndPoint)socket.LocalEndPoint!).Address),
        };
        await client.ConnectAsync(socket, settings.Host!, settings.Port, Security(settings.Security), ct);
        if (settings.Username is { } username) await client.AuthenticateAsync(username, settings.Password ?? "", ct);
        var from = MailboxAddress.Parse(settings.From!);
        // The same whenever it is sent again, so that whoever gets it twice keeps one (RFC 5322 §3.6.4).
        using var message = new MimeMessage { MessageId = $"{id}@{Domain(from)}", Subject = subject, Body = new TextPart("plain") { Text = text } };
        message.From.Add(from);
        message.To.Add(MailboxAddress.Parse(address));
        await client.SendAsync(message, ct);
        await client.DisconnectAsync(quit: true, ct);
    }

    private static string Domain(MailboxAddress from) => MailboxAddress.EncodeAddrspec(from.Address) is var ascii && ascii.LastIndexOf('@') is >= 0 and var at ? ascii[(at + 1)..] : "localhost";

    private static SecureSocketOptions Security(MailSecurity security) => security switch
    {
        MailSecurity.StartTls => SecureSocketOptions.StartTls,
        MailSecurity.SslOnConnect => SecureSocketOptions.SslOnConnect,
        MailSecurity.None => SecureSocketOptions.None,
    };

    private static string Time(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static (string Subject, string Occasion, string Warning) Words(CodeMail mail) => mail.Purpose switch
    {
        CodePurpose.Registration => (
            $"Your registration code for {mail.OrganisationName}",
            $"You have been invited to {mail.OrganisationName}.",
            "If you did not expect this mail, ignore it: nobody can register without the code."),
        CodePurpose.Login => (
            $"Your login code for {mail.OrganisationName}",
            $"Somebody, probably you, is signing in to {mail.OrganisationName}.",
            "If it was not you, ignore this mail, and tell nobody the code."),
        CodePurpose.Recovery => (
            $"Your recovery code for {mail.OrganisationName}",
            $"Somebody, probably you, wants to recover your account at {mail.OrganisationName}. That takes this code and your recovery key, and ends every credential you have.",
            "If it was not you, ignore this mail, and tell nobody the code."),
    };

    private static string Fill(string template, CodeMail mail) => template
        .Replace("{username}", Uri.EscapeDataString(mail.To), StringComparison.Ordinal)
        .Replace("{code}", Uri.EscapeDataString(mail.Code), StringComparison.Ordinal)
        .Replace("{orgId}", Uri.EscapeDataString(mail.OrganisationId), StringComparison.Ordinal);
}
