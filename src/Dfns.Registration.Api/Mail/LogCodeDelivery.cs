using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Mail;

/// <summary>Writes mails to the log. Exists in Development only, where there is no mail server and no secret worth keeping.</summary>
internal sealed partial class LogCodeDelivery(ILogger<LogCodeDelivery> logger) : ICodeDelivery
{
    public Task DeliverAsync(CodeMail mail, CancellationToken ct)
    {
        Log.Code(logger, mail.Purpose, mail.To, mail.OrganisationId, mail.Code);
        return Task.CompletedTask;
    }

    public Task DeliverAsync(RecoveryMail mail, CancellationToken ct)
    {
        Log.Recovered(logger, mail.To, mail.RecoveredAt);
        return Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Notice to {Username}: the account was recovered at {RecoveredAt}")]
        public static partial void Recovered(ILogger logger, string username, DateTimeOffset recoveredAt);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Purpose} code for {Username} of {OrganisationId}: {Code}")]
        public static partial void Code(ILogger logger, CodePurpose purpose, string username, string organisationId, string code);
    }
}
