using System.Diagnostics.Metrics;
using System.Net.Sockets;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using MailKit;
using MailKit.Security;

namespace Dfns.Registration.Api.Mail;

/// <summary>
/// Delivers mails beside the requests, and not right after them, so that neither an answer nor the next one takes longer for a user who exists than for one who does not.
/// </summary>
internal sealed class MailSender(
    ICodeDelivery delivery, IServiceScopeFactory scopes, MasterKey masterKey, Entropy entropy, TimeProvider clock, IMeterFactory meters, ILogger<MailSender> logger)
    : OutboxSender(OutboxKind.Mail, scopes, masterKey, entropy, clock, meters, logger)
{
    /// <summary>Sends a code before it is stored, once: for whoever changes something only when the mail server has taken it.</summary>
    /// <param name="services">Of the caller.</param>
    /// <param name="code">Not stored.</param>
    /// <param name="user">Whose.</param>
    /// <param name="ct">Ends the attempt.</param>
    public async Task<OutboxAttempt> SendBeforeAsync(IServiceProvider services, IssuedCode code, User user, CancellationToken ct)
    {
        var name = await services.GetRequiredService<MailStore>().OrganisationNameAsync(code.OrganisationId, ct);
        return await TryAsync(services.GetRequiredService<Entropy>().Id("ob"), code, new Recipient(user.Username, name), ct);
    }

    protected override async Task<OutboxAttempt> DeliverAsync(IServiceProvider services, OutboxMessage message, byte[] content, CancellationToken ct)
    {
        var mail = Mails.Read(message, content);
        try
        {
            // Nobody's; or a code that was used or ended since, or that another has replaced, which is mailed in its place.
            if (await services.GetRequiredService<MailStore>().FindAsync(mail, ct) is not { } to) return new OutboxAttempt(OutboxOutcome.Dropped);
            return await TryAsync(message.Id, mail, to, ct);
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            return new OutboxAttempt(OutboxOutcome.PutOff, e.GetType().Name);
        }
    }

    protected override Task NoteAsync(IServiceProvider services, OutboxMessage message, byte[] content) =>
        Mails.Read(message, content) is IssuedCode code ? services.GetRequiredService<MailStore>().NoteSentAsync(code) : Task.CompletedTask;

    private async Task<OutboxAttempt> TryAsync(string id, WaitingMail mail, Recipient to, CancellationToken ct)
    {
        try
        {
            if (mail is IssuedCode code) await delivery.DeliverAsync(new CodeMail(id, to.Username, code.OrganisationId, to.OrganisationName, code.Purpose, code.Code, code.ExpiresAt), ct);
            if (mail is RecoveryNotice notice) await delivery.DeliverAsync(new RecoveryMail(id, to.Username, to.OrganisationName, notice.At), ct);
            return new OutboxAttempt(OutboxOutcome.Delivered);
        }
        catch (Exception e) when (IsExpected(e))
        {
            return new OutboxAttempt(IsFinal(e) ? OutboxOutcome.Refused : OutboxOutcome.PutOff, SmtpReply.Words(e, to.Username, (mail as IssuedCode)?.Code));
        }
    }

    private static bool IsExpected(Exception e) =>
        e is IOException or SocketException or TimeoutException or ProtocolException or CommandException or AuthenticationException or SslHandshakeException
            or ServiceNotConnectedException or NotSupportedException or AddressNotMailableException;

    // A reply of 5xx is the server's last word, and one of 4xx is not (RFC 5321 §4.2.1). What has no reply is not going to change by itself where the two
    // do not agree on how to log in or to encrypt.
    private static bool IsFinal(Exception e) => SmtpReply.Code(e) is { } code ? code >= 500 : e is AddressNotMailableException or AuthenticationException or NotSupportedException;
}
