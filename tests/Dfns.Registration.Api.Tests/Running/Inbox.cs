using System.Threading.Channels;
using Dfns.Registration.Api.Mail;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>Where the mails of a test arrive.</summary>
internal sealed class Inbox : ICodeDelivery
{
    private readonly Channel<CodeMail> mails = Channel.CreateUnbounded<CodeMail>();
    private readonly Channel<CodeMail> refused = Channel.CreateUnbounded<CodeMail>();
    private readonly Channel<CodeMail> held = Channel.CreateUnbounded<CodeMail>();
    private readonly Channel<RecoveryMail> notices = Channel.CreateUnbounded<RecoveryMail>();

    /// <summary>
    /// Waits until the service has nothing more in hand. A mail is here before it is stored that it was delivered: a test that set the clock on meanwhile would
    /// have it sent once more, as from an instance that was killed, and the test after it would take it for its own.
    /// </summary>
    public Func<Task> Settled { get; set; } = () => Task.CompletedTask;

    /// <summary>The next mail; waits until it has been delivered, and that is stored.</summary>
    public Task<CodeMail> NextAsync() => NextAsync(mails);

    /// <summary>What the mail server says to a code in place of taking it; null where it takes all.</summary>
    public Func<Exception>? Refusal { get; set; }

    /// <summary>What the mail server says to a notice in place of taking it; null where it takes all.</summary>
    public Func<Exception>? NoticeRefusal { get; set; }

    /// <summary>Until when the mail server says nothing to a code; null where it answers at once.</summary>
    public TaskCompletionSource? Silence { get; set; }

    /// <summary>The next mail to which nothing is said yet; waits until there is one.</summary>
    public async Task<CodeMail> NextHeldAsync() => await held.Reader.ReadAsync();

    /// <summary>The next mail that was refused; waits until it has been.</summary>
    public Task<CodeMail> NextRefusedAsync() => NextAsync(refused);

    /// <summary>The next notice of a recovery; waits until it has been delivered.</summary>
    public Task<RecoveryMail> NextNoticeAsync() => NextAsync(notices);

    public bool IsEmpty => mails.Reader.Count == 0;

    public async Task DeliverAsync(CodeMail mail, CancellationToken ct)
    {
        KnownSecrets.Add(mail.Code);
        if (Refusal is { } refusal)
        {
            refused.Writer.TryWrite(mail);
            throw refusal();
        }

        if (Silence is { } silence)
        {
            held.Writer.TryWrite(mail);
            await silence.Task.WaitAsync(ct);
        }

        mails.Writer.TryWrite(mail);
    }

    public Task DeliverAsync(RecoveryMail mail, CancellationToken ct)
    {
        if (NoticeRefusal is { } refusal) throw refusal();
        notices.Writer.TryWrite(mail);
        return Task.CompletedTask;
    }

    private async Task<T> NextAsync<T>(Channel<T> from)
    {
        var mail = await from.Reader.ReadAsync();
        await Settled();
        return mail;
    }
}

/// <summary>The mails of one organisation.</summary>
internal static class OrganisationInbox
{
    /// <summary>The next mail to somebody of an organisation; those of other tests come too, those of clients that hung up among them.</summary>
    public static async Task<CodeMail> MailAsync(this TestOrganisation organisation)
    {
        while (true)
        {
            if (await organisation.Service.Inbox.NextAsync() is var mail && mail.OrganisationId == organisation.Id) return mail;
        }
    }
}
