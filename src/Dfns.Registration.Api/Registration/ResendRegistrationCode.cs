using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Operations;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Registration;

/// <summary><c>PUT /auth/registration/code</c>: a new code by mail. The answer does not tell whether there was anybody to send it to.</summary>
internal static class ResendRegistrationCode
{
    internal static async Task<Results<Ok<MessageResponse>, ErrorResult>> ResendAsync(
        HttpRequest http, AttemptBudgets budgets, RegistrationStore store, CodeMailQueue mails, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<ResendRegistrationCodeRequest>(http, RegistrationOptions.SmallBodySizeBytes, ct)).Failed(out var error, out var request))
        {
            return (ErrorResult)error;
        }

        if (Member.Text(request.Username, "$.username", Limits.UsernameLength).Failed(out error, out var username)) return (ErrorResult)error;
        if (Member.Text(request.OrgId, "$.orgId", Limits.IdLength).Failed(out error, out var orgId)) return (ErrorResult)error;

        if ((await budgets.TakeAsync(http.HttpContext, AttemptKind.RegistrationCodeRequest, orgId, username, ct)).Failed(out error, out _)) return (ErrorResult)error;

        // Asked before anything is changed, and of everybody alike.
        if (mails.IsFull) return (ErrorResult)(ErrorCatalog.MailBusy with { RetryAfterSeconds = 60 });
        if (await store.ReplaceCodeAsync(orgId, username, ct) is { } issued) mails.Add(issued);
        return TypedResults.Ok(MessageResponse.Success);
    }
}
