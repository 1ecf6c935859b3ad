using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.SignIn;

/// <summary><c>PUT /auth/logout</c>: ends the caller's session, or all sessions of the caller.</summary>
internal static class Logout
{
    internal static async Task<Results<Ok<MessageResponse>, ErrorResult>> LogoutAsync(
        HttpRequest http, CallerReader callers, AccessTokenStore tokens, Changes changes, Audit audit, TimeProvider clock, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if ((await JsonBody.ReceiveOptionalAsync(http, BodyLimits.SmallSizeBytes, ct)).Failed(out var error, out var body)) return (ErrorResult)error;
        if (JsonBody.Parse<LogoutRequest>(body).Failed(out error, out var request)) return (ErrorResult)error;
        // A standing access is ended by the operator who gave it.
        if (caller.User.IsServiceAccount) return (ErrorResult)ErrorCatalog.NotAuthorized;

        var now = clock.GetUtcNow();
        if (request.AllSessions == true) await tokens.EndAllAsync(caller.User, now, ct);
        else caller.Token.RevokedAt = now;
        audit.Add(
            caller.OrganisationId, AuditActions.SignedOut, caller.User.Id, caller.User.Id, http.RemoteAddress(),
            request.AllSessions == true ? "all sessions" : caller.Token.Id);
        await changes.SaveAsync(ct);
        return TypedResults.Ok(MessageResponse.Success);
    }
}
