using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Codes;

/// <summary>
/// <c>PUT /auth/registration/code</c>, <c>POST /auth/login/code</c> and <c>/auth/recover/user/code</c>: a new code by mail. The answer does
/// not tell whether there was anybody to send it to.
/// </summary>
internal static class SendCode
{
    /// <summary>The handler for codes of one purpose.</summary>
    public static Func<HttpRequest, AttemptBudgets, CodeStore, MailSender, CancellationToken, Task<Results<Ok<MessageResponse>, ErrorResult>>> For(CodePurpose purpose) =>
        (http, budgets, codes, sender, ct) => SendAsync(purpose, http, budgets, codes, sender, ct);

    /// <summary>What is said of an endpoint that has a code mailed.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="summary">What it does, in a line.</param>
    /// <param name="then">What the code is for, in sentences; between what is mailed and that the answer does not tell to whom.</param>
    /// <param name="whom">Whom the answer does not tell of.</param>
    public static RouteHandlerBuilder SendsCode(this RouteHandlerBuilder endpoint, string summary, string then, string whom) => endpoint
        .RequireRateLimiting(RateLimits.PerAddress)
        .WithSummary(summary)
        .WithDescription($"Mails a new code; the earlier one ends with its own time, or once the mail server has taken the new one. At most one a minute, and after three of which none was used one in 15 minutes. {then}The answer is the same whether or not there is such {whom} user.")
        .Accepts<SendCodeRequest>("application/json")
        .Errors(ErrorCatalog.MailBusy, ErrorCatalog.TooManyAttempts)
        .BodyErrors().EdgeErrors();

    private static async Task<Results<Ok<MessageResponse>, ErrorResult>> SendAsync(
        CodePurpose purpose, HttpRequest http, AttemptBudgets budgets, CodeStore codes, MailSender sender, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<SendCodeRequest>(http, BodyLimits.SmallSizeBytes, ct)).Failed(out var error, out var request))
        {
            return (ErrorResult)error;
        }

        var (username, _, orgId) = request;
        if (await budgets.TakeAsync(http.HttpContext, AttemptKinds.RequestOf(purpose), orgId, username, ct) is { } tooMany) return (ErrorResult)tooMany;

        // Asked before anything is changed, and of everybody alike.
        if (sender.IsFull(orgId)) return (ErrorResult)(ErrorCatalog.MailBusy with { RetryAfterSeconds = 60 });
        // From here on whether or not anybody waits for the answer: a code that is to take the place of another has to be mailed.
        if (await codes.ReplaceAsync(purpose, orgId, username, http.RemoteAddress(), CancellationToken.None) is { Mail: { } mail }) sender.Wake(mail);
        return TypedResults.Ok(MessageResponse.Success);
    }
}

/// <summary>Body of the calls that have a code mailed.</summary>
public sealed record SendCodeRequest([Text(Limits.UsernameLength)] string Username, [Text(Limits.IdLength)] string? TenantId, [Text(Limits.IdLength)] string OrgId)
{
    /// <summary>The organisation. Clients that know it as a tenant send tenantId instead, and one of the two there must be.</summary>
    public string OrgId { get; init; } = TenantIds.Organisation(OrgId, TenantId)!;
}
