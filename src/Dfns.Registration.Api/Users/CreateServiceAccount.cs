using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Users;

/// <summary><c>POST /auth/service-accounts</c>: a program of the organisation, with a key that the caller vouches for, and a token that is told this once.</summary>
internal static class CreateServiceAccount
{
    internal static async Task<Results<Ok<ServiceAccountResponse>, ErrorResult>> CreateAsync(
        HttpRequest http, SignedCalls calls, ServiceAccountStore accounts, AssignmentStore assignments, UserStore users, TokenService tokens, Audit audit, TimeProvider clock, CancellationToken ct)
    {
        if ((await calls.ReadSparseAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        var caller = call.Caller;
        if (caller.Lacking(Permission.CreateServiceAccounts) is { } lacking) return (ErrorResult)lacking;
        if (JsonBody.Parse<CreateServiceAccountRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        if (UserStore.NameFault(request.Name, "name") is { } badName) return (ErrorResult)ErrorCatalog.MemberInvalid.Saying(badName).At("$.name");
        if (PublicKeys.ReadPem(request.PublicKey).Refused(out var why, out var publicKey)) return (ErrorResult)RefusalErrors.ForPublicKey(why, "$.publicKey");
        var now = clock.GetUtcNow();
        if (ServiceAccountStore.Lifetime(request.DaysValid).Failed(out error, out var lifetime)) return (ErrorResult)error;
        PermissionSet? set = null;
        if (request.PermissionId is { } id && (await assignments.FindToGrantAsync(caller, id, ct)).Failed(out error, out set)) return (ErrorResult)error.At("$.permissionId");

        if ((await accounts.AddAsync(caller.RelyingParty, request.Name, request.ExternalId, request.PublicKey, publicKey, now + lifetime, ct)).Failed(out error, out var added)) return (ErrorResult)error;
        var account = added.User;
        if ((await assignments.AssignFirstAsync(caller, set, account, http.RemoteAddress(), ct)).Failed(out error, out var assigned)) return (ErrorResult)error;
        audit.AddChange(
            account.OrganisationId, AuditActions.ServiceAccountCreated, caller.User.Id, account.Id, http.RemoteAddress(), AuditNotes.Of(added.Credential), EventData.Of(account),
            [ChangedValue.New("Name", account.Username), ChangedValue.New(nameof(account.ExternalId), account.ExternalId), ChangedValue.New(nameof(AccessToken.ExpiresAt), added.Token.ExpiresAt)]);
        // Before anything is saved: an account whose token cannot be signed would be there, and nobody would have its token.
        var token = await tokens.IssueAsync(added.Token, account, ct);
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)await users.ConflictAsync(account, conflict, ct);
        var found = new FoundServiceAccount(new FoundUser(account, added.Credential.Uuid, assigned), new AccountKey(added.Credential.CredentialIdText, request.PublicKey), added.Token);
        return TypedResults.Ok(ServiceAccountResponse.Of(found, now, token));
    }
}
