using System.Text.Json;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Mail;

/// <summary>Mails as messages of the outbox, to be stored with what they tell of. Whoever has stored one wakes the <see cref="MailSender"/>.</summary>
internal sealed class Mails(MasterKey masterKey, Entropy entropy, TimeProvider clock, IOptions<MailOptions> options)
{
    /// <summary>How long a notice is tried to be sent; a code for as long as it is good.</summary>
    public static readonly TimeSpan NoticeLifetime = TimeSpan.FromHours(4);

    /// <summary>A mail that any instance sends once a random part of <see cref="MailOptions.Spread"/> is over.</summary>
    public OutboxMessage Waiting(WaitingMail mail) => Message(mail, options.Value.Spread * entropy.Fraction(), lease: null);

    /// <summary>A mail that the caller sends at once; if it ends before that, somebody else does.</summary>
    public OutboxMessage InHand(WaitingMail mail) => Message(mail, OutboxSender.Lease, entropy.Id("le"));

    /// <summary>Reads a mail.</summary>
    /// <param name="message">Of the outbox.</param>
    /// <param name="content">Opened.</param>
    public static WaitingMail Read(OutboxMessage message, byte[] content)
    {
        var read = JsonSerializer.Deserialize<Content>(content)!;
        return read is { Purpose: { } purpose, Code: { } code, Hash: { } hash }
            ? new IssuedCode(message.OrganisationId, message.SubjectId, Enum.Parse<CodePurpose>(purpose), code, hash, message.EndsAt) { RemoteAddress = read.RemoteAddress }
            : new RecoveryNotice(message.OrganisationId, message.SubjectId, message.CreatedAt);
    }

    private OutboxMessage Message(WaitingMail mail, TimeSpan wait, string? lease)
    {
        var (now, id) = (clock.GetUtcNow(), entropy.Id("ob"));
        var (content, createdAt, endsAt) = mail is IssuedCode code
            ? (new Content(code.Purpose.ToString(), code.Code, code.Hash, code.RemoteAddress), now, code.ExpiresAt)
            : (new Content(null, null, null, null), ((RecoveryNotice)mail).At, ((RecoveryNotice)mail).At + NoticeLifetime);
        return new OutboxMessage
        {
            OrganisationId = mail.OrganisationId,
            Id = id,
            Kind = OutboxKind.Mail,
            SubjectId = mail.UserId,
            Content = masterKey.Seal(JsonSerializer.SerializeToUtf8Bytes(content), OutboxMessage.SealedUnder(mail.OrganisationId, id, mail.UserId), entropy),
            CreatedAt = createdAt,
            DueAt = OutboxSender.Due(now, wait),
            EndsAt = endsAt,
            Attempts = lease is null ? 0 : 1,
            Lease = lease,
        };
    }

    /// <summary>What is sealed: of a code what it is for, itself, its hash, and who asked for it; of the notice of a recovery nothing.</summary>
    private sealed record Content(string? Purpose, string? Code, byte[]? Hash, string? RemoteAddress);
}
