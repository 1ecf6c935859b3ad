using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Recovery;

/// <summary><c>POST /auth/recover/user/delegated</c>: a service account, which knows its users by other means, starts a recovery without a code.</summary>
internal static class DelegatedRecovery
{
    internal static async Task<Results<Ok<RecoveryChallengeResponse>, ErrorResult>> InitAsync(
        HttpRequest http, SignedCalls calls, UserStore users, RecoveryStore store, Audit audit, TokenService tokens, RequestFacts facts, CancellationToken ct)
    {
        if ((await calls.ReadDelegatedAsync(http, Permission.RecoverDelegated, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (JsonBody.Parse<DelegatedRecoveryRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        if (InitRecovery.ReadCredentialId(request.CredentialId).Failed(out error, out var credentialId)) return (ErrorResult)error;

        // End users alone, as in every call on a service account's word: it needs no code, and is handed the encrypted recovery key.
        if ((await users.FindVouchedForAsync(call.Caller.OrganisationId, request.Username, facts, ct)).Failed(out error, out var user)) return (ErrorResult)error;

        // Of two that start one at once one is first, and the other sees it.
        user.CredentialsVersion++;
        var started = await store.StartAsync(user, call.Caller.RelyingParty, credentialId, new Voucher(call.Caller.User.Id), ct);
        audit.Add(user.OrganisationId, AuditActions.RecoveryStarted, call.Caller.User.Id, user.Id, http.RemoteAddress(), "delegated", told: EventData.Of(user));
        if (await calls.CommitDelegatedAsync(call, Permission.RecoverDelegated, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(await InitRecovery.ChallengeAsync(started, tokens, facts, ct));
    }
}
