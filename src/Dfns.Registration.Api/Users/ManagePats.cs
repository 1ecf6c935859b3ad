using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Users;

/// <summary><c>/auth/pats</c>: the personal access tokens of an employee, each the own ones. A token makes no other: whoever has stolen one is out once it ends.</summary>
internal static class ManagePats
{
    // POST /auth/pats.
    internal static async Task<Results<Ok<AccessTokenResponse>, ErrorResult>> CreateAsync(
        HttpRequest http, SignedCalls calls, ServiceAccountStore accounts, AssignmentStore assignments, UserStore users, TokenService tokens, Audit audit, TimeProvider clock, CancellationToken ct)
    {
        if ((await calls.ReadAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        var caller = call.Caller;
        if (Lacking(caller) is { } other) return (ErrorResult)other;
        if (caller.Lacking(Permission.CreatePats) is { } lacking) return (ErrorResult)lacking;
        if (JsonBody.Parse<CreatePatRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        if (PublicKeys.ReadPem(request.PublicKey).Refused(out var why, out var publicKey)) return (ErrorResult)RefusalErrors.ForPublicKey(why, "$.publicKey");
        if (Lifetime(request).Failed(out error, out var lifetime)) return (ErrorResult)error;
        PermissionSet? set = null;
        if (request.PermissionId is { } id && (await assignments.FindToGrantAsync(caller, id, ct)).Failed(out error, out set)) return (ErrorResult)error.At("$.permissionId");

        var now = clock.GetUtcNow();
        if ((await accounts.AddPatAsync(caller, request.Name, request.ExternalId, request.PublicKey, publicKey, now + lifetime, ct)).Failed(out error, out var added)) return (ErrorResult)error;
        var program = added.User;
        if ((await assignments.AssignFirstAsync(caller, set, program, http.RemoteAddress(), ct)).Failed(out error, out var assigned)) return (ErrorResult)error;
        audit.AddChange(
            program.OrganisationId, AuditActions.PatCreated, caller.User.Id, program.Id, http.RemoteAddress(), AuditNotes.Of(added.Credential),
            ChangedValue.New("Name", program.Username), ChangedValue.New(nameof(program.ExternalId), program.ExternalId), ChangedValue.New(nameof(AccessToken.ExpiresAt), added.Token.ExpiresAt));
        // Before anything is saved: a token that cannot be signed would be there, and nobody would have it.
        var token = await tokens.IssueAsync(added.Token, caller.User, ct);
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        var found = new FoundServiceAccount(new FoundUser(program, added.Credential.Uuid, assigned), new AccountKey(added.Credential.CredentialIdText, request.PublicKey), added.Token);
        return TypedResults.Ok(AccessTokenResponse.Of(found, now, token));
    }

    // GET /auth/pats.
    internal static async Task<Results<Ok<PatListResponse>, ErrorResult>> ListAsync(HttpRequest http, CallerReader callers, ServiceAccountStore accounts, TimeProvider clock, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (Lacking(caller) is { } other) return (ErrorResult)other;
        var pats = await accounts.ListPatsAsync(caller.User, ct);
        var now = clock.GetUtcNow();
        return TypedResults.Ok(new PatListResponse([.. pats.Select(p => AccessTokenResponse.Of(p, now))]));
    }

    // GET /auth/pats/{tokenId}.
    internal static async Task<Results<Ok<AccessTokenResponse>, ErrorResult>> GetAsync(
        HttpRequest http, string tokenId, CallerReader callers, ServiceAccountStore accounts, TimeProvider clock, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (Lacking(caller) is { } other) return (ErrorResult)other;
        return await accounts.FindPatAsync(caller.User, tokenId, ct) is { } pat ? TypedResults.Ok(AccessTokenResponse.Of(pat, clock.GetUtcNow())) : (ErrorResult)ErrorCatalog.PatUnknown;
    }

    // PUT /auth/pats/{tokenId}.
    internal static Task<Results<Ok<AccessTokenResponse>, ErrorResult>> UpdateAsync(
        HttpRequest http, string tokenId, SignedCalls calls, ServiceAccountStore accounts, Audit audit, TimeProvider clock, CancellationToken ct) =>
        ChangeAsync(http, tokenId, calls, accounts, clock, (call, program) => Task.FromResult(Update(http, call, program, audit)), ct);

    // PUT /auth/pats/{tokenId}/activate.
    internal static Task<Results<Ok<AccessTokenResponse>, ErrorResult>> ActivateAsync(
        HttpRequest http, string tokenId, SignedCalls calls, ServiceAccountStore accounts, Audit audit, TimeProvider clock, CancellationToken ct) =>
        ChangeAsync(http, tokenId, calls, accounts, clock, (call, program) => SetActiveAsync(http, call, program, active: true, accounts, audit), ct);

    // PUT /auth/pats/{tokenId}/deactivate.
    internal static Task<Results<Ok<AccessTokenResponse>, ErrorResult>> DeactivateAsync(
        HttpRequest http, string tokenId, SignedCalls calls, ServiceAccountStore accounts, Audit audit, TimeProvider clock, CancellationToken ct) =>
        ChangeAsync(http, tokenId, calls, accounts, clock, (call, program) => SetActiveAsync(http, call, program, active: false, accounts, audit), ct);

    // DELETE /auth/pats/{tokenId}: for good.
    internal static Task<Results<Ok<AccessTokenResponse>, ErrorResult>> DeleteAsync(
        HttpRequest http, string tokenId, SignedCalls calls, ServiceAccountStore accounts, UserStore users, Audit audit, TimeProvider clock, CancellationToken ct) =>
        ChangeAsync(http, tokenId, calls, accounts, clock, (call, program) => ArchiveAsync(http, call, program, users, audit, ct), ct);

    private static async Task<Results<Ok<AccessTokenResponse>, ErrorResult>> ChangeAsync(
        HttpRequest http, string tokenId, SignedCalls calls, ServiceAccountStore accounts, TimeProvider clock, Func<SignedCall, User, Task<ApiError?>> change, CancellationToken ct)
    {
        if ((await calls.ReadAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (Lacking(call.Caller) is { } other) return (ErrorResult)other;
        if (await accounts.FindPatAsync(call.Caller.User, tokenId, ct) is not { } pat) return (ErrorResult)ErrorCatalog.PatUnknown;
        if (await change(call, pat.Found.User) is { } refused) return (ErrorResult)refused;
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(AccessTokenResponse.Of(pat, clock.GetUtcNow()));
    }

    private static ApiError? Lacking(Caller caller) => caller.User is { IsServiceAccount: false, Kind: UserKind.CustomerEmployee } ? null : ErrorCatalog.EmployeeRequired;

    private static ApiError? Update(HttpRequest http, SignedCall call, User program, Audit audit)
    {
        if (JsonBody.Parse<UpdatePatRequest>(call.Body).Failed(out var error, out var request)) return error;
        var changed = ServiceAccountStore.Rename(program, request.Name, request.ExternalId);
        if (changed.Count > 0) audit.AddChange(program.OrganisationId, AuditActions.PatUpdated, call.Caller.User.Id, program.Id, http.RemoteAddress(), note: null, changed);
        return null;
    }

    private static Task<ApiError?> SetActiveAsync(HttpRequest http, SignedCall call, User program, bool active, ServiceAccountStore accounts, Audit audit)
    {
        if (accounts.SetActive(program, active)) Note(http, call, program, active ? AuditActions.PatActivated : AuditActions.PatDeactivated, audit);
        return Task.FromResult<ApiError?>(null);
    }

    private static async Task<ApiError?> ArchiveAsync(HttpRequest http, SignedCall call, User program, UserStore users, Audit audit, CancellationToken ct)
    {
        await users.ArchiveAsync(program, ct);
        Note(http, call, program, AuditActions.PatDeleted, audit);
        return null;
    }

    private static void Note(HttpRequest http, SignedCall call, User program, string action, Audit audit) =>
        audit.Add(program.OrganisationId, action, call.Caller.User.Id, program.Id, http.RemoteAddress(), program.Username);

    private static Checked<TimeSpan> Lifetime(CreatePatRequest request)
    {
        if (request is { DaysValid: not null, SecondsValid: not null }) return ErrorCatalog.MemberInvalid.Saying("Send daysValid or secondsValid, not both.").At("$.secondsValid");
        if (request.SecondsValid is { } seconds)
        {
            return seconds >= 1 && seconds <= AccessToken.MaxLifetime.TotalSeconds ? TimeSpan.FromSeconds(seconds) : ErrorCatalog.MemberInvalid.Saying($"Use a number from 1 to {AccessToken.MaxLifetime.TotalSeconds:0}.").At("$.secondsValid");
        }

        return ServiceAccountStore.Lifetime(request.DaysValid);
    }
}
