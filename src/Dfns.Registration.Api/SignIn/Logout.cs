using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.SignIn;

/// <summary><c>PUT</c> and <c>POST /auth/logout</c>: ends the caller's session with what it opened, or everything that is open of the caller.</summary>
internal static class Logout
{
    internal static async Task<Results<Ok<MessageResponse>, ErrorResult>> LogoutAsync(
        HttpRequest http, CallerReader callers, Changes changes, Audit audit, CancellationToken ct)
    {
        if ((await callers.ReadAsync(http, () => JsonBody.ReceiveOptionalAsync(http, BodyLimits.SmallSizeBytes, ct), ct)).Failed(out var error, out var called)) return (ErrorResult)error;
        var (caller, body) = called;
        // A standing access is ended by the operator who gave it.
        if (caller.User.IsServiceAccount) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (JsonBody.Parse<LogoutRequest>(body).Failed(out error, out var request)) return (ErrorResult)error;

        while (true)
        {
            if (request.AllSessions == true) changes.EndAll(caller.User);
            else changes.End(caller.Token);
            var (note, counted) = request.AllSessions == true ? ("all sessions", null) : (caller.Token.Id, "one session");
            var untold = audit.AddOften(caller.OrganisationId, AuditActions.SignedOut, caller.User.Id, caller.User.Id, http.RemoteAddress(), note, counted);
            if (await changes.TrySaveAsync(ct) is null)
            {
                audit.Count(untold);
                return TypedResults.Ok(MessageResponse.Success);
            }

            // Something else of the user was saved meanwhile, which may have ended this session.
            if (await callers.ReadAsync(http, ct) is not { } again) return (ErrorResult)ErrorCatalog.NotAuthorized;
            caller = again;
        }
    }
}
