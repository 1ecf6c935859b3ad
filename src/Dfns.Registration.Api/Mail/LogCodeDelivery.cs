namespace Dfns.Registration.Api.Mail;

/// <summary>Writes codes to the log. Exists in Development only, where there is no mail server and no secret worth keeping.</summary>
internal sealed partial class LogCodeDelivery(ILogger<LogCodeDelivery> logger) : ICodeDelivery
{
    public Task DeliverAsync(CodeMail mail, CancellationToken ct)
    {
        Log.Code(logger, mail.To, mail.OrganisationId, mail.Code);
        return Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Registration code for {Username} of {OrganisationId}: {Code}")]
        public static partial void Code(ILogger logger, string username, string organisationId, string code);
    }
}
