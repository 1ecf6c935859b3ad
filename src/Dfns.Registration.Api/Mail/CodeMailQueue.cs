using System.Net.Sockets;
using System.Threading.Channels;
using Dfns.Registration.Api.Storage;
using MailKit;
using MailKit.Security;
using Microsoft.EntityFrameworkCore;
using MimeKit;

namespace Dfns.Registration.Api.Mail;

/// <summary>
/// Delivers codes beside the requests, so that an answer takes as long for a user who exists as for one who does not. Codes wait in
/// memory only, never in the database; one that is lost with the process is asked for again. On shutdown what waits is still sent.
/// </summary>
internal sealed partial class CodeMailQueue(
    ICodeDelivery delivery, IServiceScopeFactory scopes, TimeProvider clock, ILogger<CodeMailQueue> logger) : BackgroundService
{
    private const int Capacity = 1000;
    private const int Attempts = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly Channel<IssuedCode> waiting = Channel.CreateBounded<IssuedCode>(Capacity);

    /// <summary>Queues a code; a full queue drops it and says so in the log.</summary>
    public void Add(IssuedCode code)
    {
        if (!waiting.Writer.TryWrite(code)) Log.Dropped(logger, Capacity);
    }

    public override Task StopAsync(CancellationToken cancellationToken)
    {
        waiting.Writer.TryComplete();
        // The loop below ends once the queue is empty; the host's patience bounds the wait.
        return ExecuteTask?.WaitAsync(cancellationToken) ?? Task.CompletedTask;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var code in waiting.Reader.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                await DeliverAsync(code);
            }
#pragma warning disable CA1031 // An exception that leaves this loop ends the whole service; no mail is worth that.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.Failed(logger, Attempts, Attempts, e.GetType().Name);
            }
        }
    }

    /// <summary>Delivers a code now, and notes that it was sent.</summary>
    /// <returns>False when it could not be delivered.</returns>
    public async Task<bool> DeliverAsync(IssuedCode code)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        var mail = await db.Users.AsNoTracking()
            .Where(u => u.OrganisationId == code.OrganisationId && u.Id == code.UserId)
            .Select(u => new CodeMail(u.Username, u.OrganisationId, u.Organisation!.Name, code.Code, code.ExpiresAt))
            .SingleAsync();
        if (!await DeliverAsync(mail)) return false;

        scope.ServiceProvider.GetRequiredService<Audit>().Add(code.OrganisationId, AuditActions.RegistrationCodeSent, AuditActors.Service, code.UserId);
        await db.SaveChangesAsync();
        return true;
    }

    private async Task<bool> DeliverAsync(CodeMail mail)
    {
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            try
            {
                await delivery.DeliverAsync(mail, CancellationToken.None);
                return true;
            }
            catch (Exception e) when (e is IOException or SocketException or ProtocolException or CommandException or AuthenticationException
                or SslHandshakeException or ParseException or ServiceNotConnectedException or NotSupportedException)
            {
                // The exception of an SMTP server may repeat what was sent to it; its type says enough.
                Log.Failed(logger, attempt, Attempts, e.GetType().Name);
                if (e is ParseException) return false;
            }

            await Task.Delay(Pause, clock);
        }

        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A registration code was not mailed: {Capacity} are waiting already")]
        public static partial void Dropped(ILogger logger, int capacity);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Mailing a registration code failed, attempt {Attempt} of {Attempts}: {Fault}")]
        public static partial void Failed(ILogger logger, int attempt, int attempts, string fault);
    }
}
