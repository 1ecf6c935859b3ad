using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Credentials;

/// <summary><c>/auth/credentials</c>: what a user does with the credentials there are.</summary>
internal static class ManageCredentials
{
    // GET /auth/credentials: those that can be used, or activated again.
    internal static async Task<Results<Ok<CredentialListResponse>, ErrorResult>> ListAsync(
        HttpRequest http, CredentialCallers callers, RegistrationDbContext db, CancellationToken ct)
    {
        if ((await callers.ReadAsync(http, ct)).Failed(out var error, out var caller)) return (ErrorResult)error;
        var credentials = await db.Credentials.AsNoTracking()
            .Where(c => c.OrganisationId == caller.OrganisationId && c.UserId == caller.User.Id && c.Status != CredentialStatus.Archived)
            .OrderBy(c => c.CreatedAt).ThenBy(c => c.Uuid)
            .ToListAsync(ct);
        return TypedResults.Ok(new CredentialListResponse([.. credentials.Select(CredentialResponse.Of)]));
    }

    // PUT /auth/credentials/activate.
    internal static Task<Results<Ok<MessageResponse>, ErrorResult>> ActivateAsync(
        HttpRequest http, CredentialCallers callers, SignedCalls calls, CredentialChanges changes, CancellationToken ct) =>
        SetStatusAsync(http, callers, calls, changes, CredentialStatus.Active, ct);

    // PUT /auth/credentials/deactivate.
    internal static Task<Results<Ok<MessageResponse>, ErrorResult>> DeactivateAsync(
        HttpRequest http, CredentialCallers callers, SignedCalls calls, CredentialChanges changes, CancellationToken ct) =>
        SetStatusAsync(http, callers, calls, changes, CredentialStatus.Inactive, ct);

    // DELETE /auth/credentials/{credentialUuid}: the credential is kept as a record, and never used again.
    internal static async Task<Results<Ok<NothingResponse>, ErrorResult>> ArchiveAsync(
        string credentialUuid, HttpRequest http, CredentialCallers callers, SignedCalls calls, CredentialChanges changes, CancellationToken ct)
    {
        if ((await callers.ReadSignedAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (await changes.SetStatusAsync(call.Caller, credentialUuid, CredentialStatus.Archived, RemoteAddress(http), ct) is { } fault) return (ErrorResult)fault;
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(new NothingResponse());
    }

    // PUT /auth/credentials/{credentialUuid}: another name.
    internal static async Task<Results<Ok<CredentialResponse>, ErrorResult>> RenameAsync(
        string credentialUuid, HttpRequest http, CredentialCallers callers, SignedCalls calls, CredentialChanges changes, Audit audit, CancellationToken ct)
    {
        if ((await callers.ReadSignedAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (JsonBody.Parse<RenameCredentialRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        if (Member.Text(request.CredentialName, "$.credentialName", Limits.NameLength).Failed(out error, out var name)) return (ErrorResult)error;
        if ((await changes.FindAsync(call.Caller, credentialUuid, ct)).Failed(out error, out var credential)) return (ErrorResult)error;

        credential.Name = name;
        audit.Add(credential.OrganisationId, AuditActions.CredentialRenamed, credential.UserId, credential.UserId, RemoteAddress(http), AuditNotes.Of(credential));
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(CredentialResponse.Of(credential));
    }

    private static async Task<Results<Ok<MessageResponse>, ErrorResult>> SetStatusAsync(
        HttpRequest http, CredentialCallers callers, SignedCalls calls, CredentialChanges changes, CredentialStatus status, CancellationToken ct)
    {
        if ((await callers.ReadSignedAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (JsonBody.Parse<CredentialUuidRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        if (Member.Text(request.CredentialUuid, "$.credentialUuid", Limits.IdLength).Failed(out error, out var uuid)) return (ErrorResult)error;
        if (await changes.SetStatusAsync(call.Caller, uuid, status, RemoteAddress(http), ct) is { } fault) return (ErrorResult)fault;
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(MessageResponse.Success);
    }

    private static string? RemoteAddress(HttpRequest http) => http.HttpContext.Connection.RemoteIpAddress?.ToString();
}

/// <summary>Changes to the credentials of a caller. The caller saves them with the signed action.</summary>
internal sealed class CredentialChanges(RegistrationDbContext db, Audit audit, TimeProvider clock)
{
    /// <summary>Finds a credential of the caller.</summary>
    /// <returns>The credential, tracked; or 404, for one that is archived or another user's too.</returns>
    public async Task<Checked<Credential>> FindAsync(Caller caller, string uuid, CancellationToken ct) =>
        await db.Credentials.SingleOrDefaultAsync(
            c => c.OrganisationId == caller.OrganisationId && c.UserId == caller.User.Id && c.Uuid == uuid && c.Status != CredentialStatus.Archived, ct) is { } found
            ? found
            : ErrorCatalog.CredentialNotFound;

    /// <summary>Activates, deactivates or archives a credential; one that is in that state already is left alone.</summary>
    /// <returns>Null; or that there is no such credential, or that the user could not sign in or recover without it.</returns>
    public async Task<ApiError?> SetStatusAsync(Caller caller, string uuid, CredentialStatus status, string? remoteAddress, CancellationToken ct)
    {
        if ((await FindAsync(caller, uuid, ct)).Failed(out var error, out var credential)) return error;
        if (credential.Status == status) return null;
        if (status != CredentialStatus.Active && await LastOfItsSlotAsync(caller, credential, ct) is { } last) return last;

        var now = clock.GetUtcNow();
        credential.Status = status;
        if (status == CredentialStatus.Archived) credential.ArchivedAt = now;
        // Of two changes at once one is first, and the other looks at what is left.
        caller.User.CredentialsVersion++;

        // Its sessions end with it, and do not come back with it. A code that it signed for adds no credential in its place.
        var sessions = await db.AccessTokens
            .Where(t => t.OrganisationId == caller.OrganisationId && t.CredentialUuid == credential.Uuid && t.RevokedAt == null)
            .ToListAsync(ct);
        sessions.ForEach(session => session.RevokedAt = now);
        var codes = await db.CredentialCodes.Where(c => c.OrganisationId == caller.OrganisationId && c.UserId == caller.User.Id && c.ConsumedAt == null).ToListAsync(ct);
        codes.ForEach(code => code.ConsumedAt = now);

        var action = status switch
        {
            CredentialStatus.Active => AuditActions.CredentialActivated,
            CredentialStatus.Inactive => AuditActions.CredentialDeactivated,
            CredentialStatus.Archived => AuditActions.CredentialArchived,
        };
        audit.Add(credential.OrganisationId, action, credential.UserId, credential.UserId, remoteAddress, AuditNotes.Of(credential));
        return null;
    }

    private async Task<ApiError?> LastOfItsSlotAsync(Caller caller, Credential credential, CancellationToken ct)
    {
        // An inactive one is missed by nobody.
        if (credential.Status != CredentialStatus.Active || credential.Slot == CredentialSlot.SecondFactor) return null;
        if (credential.Slot == CredentialSlot.Recovery && !caller.RelyingParty.RequiresRecoveryOf(caller.User)) return null;
        var others = await db.Credentials.AnyAsync(
            c => c.OrganisationId == credential.OrganisationId && c.UserId == credential.UserId && c.Uuid != credential.Uuid
                && c.Slot == credential.Slot && c.Status == CredentialStatus.Active,
            ct);
        if (others) return null;
        return credential.Slot == CredentialSlot.Recovery ? ErrorCatalog.LastRecoveryCredential : ErrorCatalog.LastFirstFactor;
    }
}
