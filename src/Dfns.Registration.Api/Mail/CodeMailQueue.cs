using System.Net.Sockets;
using System.Threading.Channels;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Mail;

/// <summary>
/// Delivers mails beside the requests, and not right after them, so that neither an answer nor the next one takes longer for a user who
/// exists than for one who does not. They wait in memory only, never in the database; a code that is lost with the process is asked for again. On shutdown what waits is still
/// sent, at once.
/// </summary>
internal sealed partial class CodeMailQueue(
    ICodeDelivery delivery, IServiceScopeFactory scopes, Entropy entropy, TimeProvider clock, IOptions<MailOptions> options, ILogger<CodeMailQueue> logger) : BackgroundService
{
    private const int Capacity = 1000;
    private const int Consumers = 4;
    private const int Attempts = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource stopping = new();
    private readonly Channel<(WaitingMail Mail, long Since, TimeSpan Wait)> waiting = Channel.CreateBounded<(WaitingMail, long, TimeSpan)>(Capacity);

    /// <summary>Whether there is no room; asked before a code is issued that nobody would get.</summary>
    public bool IsFull => waiting.Reader.Count >= Capacity;

    /// <summary>Queues a mail; a full queue drops it and says so in the log.</summary>
    public void Add(WaitingMail mail)
    {
        if (!waiting.Writer.TryWrite((mail, clock.GetTimestamp(), options.Value.Spread * entropy.Fraction()))) Log.Dropped(logger, Capacity);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        waiting.Writer.TryComplete();
        await stopping.CancelAsync();
        if (ExecuteTask is null) return;
        try
        {
            // The loops below end once the queue is empty; the host's patience bounds the wait.
            await ExecuteTask.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Log.Left(logger, waiting.Reader.Count);
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        stopping.Dispose();
    }

    /// <summary>Delivers a mail now, and notes of a code that it was sent.</summary>
    /// <returns>False when it could not be delivered.</returns>
    public async Task<bool> DeliverAsync(WaitingMail mail)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await DeliverOnceAsync(mail);
                return true;
            }
            catch (Exception e) when (IsExpected(e))
            {
                // The exception of a mail server may repeat what was sent to it; its type says enough.
                Log.Failed(logger, attempt, Attempts, e.GetType().Name);
                if (attempt == Attempts || IsFinal(e)) return false;
            }

            await PauseAsync(Pause);
        }
    }

    // Several at a time: one mail server that does not answer holds up the mails to it, not all mails.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(Enumerable.Range(0, Consumers).Select(_ => ConsumeAsync()));

    private async Task ConsumeAsync()
    {
        await foreach (var (mail, since, wait) in waiting.Reader.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                var left = wait - clock.GetElapsedTime(since);
                if (left > TimeSpan.Zero) await PauseAsync(left);
                await DeliverAsync(mail);
            }
#pragma warning disable CA1031 // An exception that leaves this loop ends the whole service; no mail is worth that.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.Unforeseen(logger, e.GetType().Name);
            }
        }
    }

    // Ends with the service: what is to be sent then is sent without more ado.
    private async Task PauseAsync(TimeSpan pause)
    {
        if (stopping.IsCancellationRequested) return;
        await Task.Delay(pause, clock, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task DeliverOnceAsync(WaitingMail mail)
    {
        await using var scope = scopes.CreateAsyncScope();
        var store = scope.ServiceProvider.GetRequiredService<MailStore>();
        var user = await store.FindAsync(mail);
        if (mail is RecoveryNotice notice) await delivery.DeliverAsync(new RecoveryMail(user.Username, user.OrganisationName, notice.At), CancellationToken.None);
        if (mail is not IssuedCode code) return;
        await delivery.DeliverAsync(
            new CodeMail(user.Username, code.OrganisationId, user.OrganisationName, code.Purpose, code.Code, code.ExpiresAt), CancellationToken.None);

        // Beyond this point the mail is out: a fault of the audit trail must not send it again.
        try
        {
            await store.NoteSentAsync(code);
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            Log.NotAudited(logger, e.GetType().Name);
        }
    }

    private static bool IsExpected(Exception e) =>
        e is IOException or SocketException or TimeoutException or ProtocolException or CommandException or AuthenticationException or SslHandshakeException
            or ServiceNotConnectedException or NotSupportedException or AddressNotMailableException
        || StorageFailure.Is(e);

    // A reply of 5xx is the server's last word (RFC 5321 §4.2.1).
    private static bool IsFinal(Exception e) => e is AddressNotMailableException or AuthenticationException or NotSupportedException
        || (e is SmtpCommandException command && (int)command.StatusCode >= 500);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A mail was not sent: {Capacity} are waiting already")]
        public static partial void Dropped(ILogger logger, int capacity);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Mailing failed, attempt {Attempt} of {Attempts}: {Fault}")]
        public static partial void Failed(ILogger logger, int attempt, int attempts, string fault);

        [LoggerMessage(Level = LogLevel.Error, Message = "Mailing failed for an unforeseen reason: {Fault}")]
        public static partial void Unforeseen(ILogger logger, string fault);

        [LoggerMessage(Level = LogLevel.Error, Message = "The service ended before the mail server had taken everything: {Waiting} mails are lost, and those that were being sent")]
        public static partial void Left(ILogger logger, int waiting);

        [LoggerMessage(Level = LogLevel.Warning, Message = "A code was mailed, but the audit trail does not say so: {Fault}")]
        public static partial void NotAudited(ILogger logger, string fault);
    }
}
