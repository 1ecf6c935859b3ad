using System.Threading.Channels;
using Dfns.Registration.Api.Mail;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>Where the mails of a test arrive.</summary>
internal sealed class Inbox : ICodeDelivery
{
    private readonly Channel<CodeMail> mails = Channel.CreateUnbounded<CodeMail>();
    private readonly Channel<RecoveryMail> notices = Channel.CreateUnbounded<RecoveryMail>();

    /// <summary>The next mail; waits until it has been delivered.</summary>
    public async Task<CodeMail> NextAsync() => await mails.Reader.ReadAsync();

    /// <summary>The next notice of a recovery; waits until it has been delivered.</summary>
    public async Task<RecoveryMail> NextNoticeAsync() => await notices.Reader.ReadAsync();

    public bool IsEmpty => mails.Reader.Count == 0;

    public Task DeliverAsync(CodeMail mail, CancellationToken ct)
    {
        KnownSecrets.Add(mail.Code);
        mails.Writer.TryWrite(mail);
        return Task.CompletedTask;
    }

    public Task DeliverAsync(RecoveryMail mail, CancellationToken ct)
    {
        notices.Writer.TryWrite(mail);
        return Task.CompletedTask;
    }
}
