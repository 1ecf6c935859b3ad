using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Credentials;

/// <summary><c>/auth/credentials</c>: what a user does with the credentials there are.</summary>
internal static class ManageCredentials
{
    // GET /auth/credentials: those that can be used, or activated again.
    internal static async Task<Results<Ok<CredentialListResponse>, ErrorResult>> ListAsync(
        HttpRequest http, CredentialCallers callers, CredentialStore store, CancellationToken ct)
    {
        if ((await callers.ReadAsync(http, ct)).Failed(out var error, out var caller)) return (ErrorResult)error;
        var credentials = await store.ListAsync(caller, ct);
        return TypedResults.Ok(new CredentialListResponse([.. credentials.Select(CredentialResponse.Of)]));
    }

    // PUT /auth/credentials/activate.
    internal static Task<Results<Ok<MessageResponse>, ErrorResult>> ActivateAsync(
        HttpRequest http, CredentialCallers callers, SignedCalls calls, CredentialStore store, CancellationToken ct) =>
        SetStatusAsync(http, callers, calls, store, CredentialStatus.Active, ct);

    // PUT /auth/credentials/deactivate.
    internal static Task<Results<Ok<MessageResponse>, ErrorResult>> DeactivateAsync(
        HttpRequest http, CredentialCallers callers, SignedCalls calls, CredentialStore store, CancellationToken ct) =>
        SetStatusAsync(http, callers, calls, store, CredentialStatus.Inactive, ct);

    // DELETE /auth/credentials/{credentialUuid}: the credential is kept as a record, and never used again.
    internal static async Task<Results<Ok<NothingResponse>, ErrorResult>> ArchiveAsync(
        string credentialUuid, HttpRequest http, CredentialCallers callers, SignedCalls calls, CredentialStore store, CancellationToken ct)
    {
        if ((await callers.ReadSignedAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (await store.SetStatusAsync(call.Caller, credentialUuid, CredentialStatus.Archived, http.RemoteAddress(), ct) is { } fault) return (ErrorResult)fault;
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(new NothingResponse());
    }

    // PUT /auth/credentials/{credentialUuid}: another name.
    internal static async Task<Results<Ok<CredentialResponse>, ErrorResult>> RenameAsync(
        string credentialUuid, HttpRequest http, CredentialCallers callers, SignedCalls calls, CredentialStore store, Audit audit, CancellationToken ct)
    {
        if ((await callers.ReadSignedAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (JsonBody.Parse<RenameCredentialRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        if ((await store.FindAsync(call.Caller, credentialUuid, ct)).Failed(out error, out var credential)) return (ErrorResult)error;

        var renamed = new ChangedValue(nameof(Credential.Name), credential.Name, request.CredentialName);
        credential.Name = request.CredentialName;
        if (!Equals(renamed.Was, renamed.Is)) audit.AddChange(credential.OrganisationId, AuditActions.CredentialRenamed, credential.UserId, credential.UserId, http.RemoteAddress(), AuditNotes.Of(credential), EventData.Of(credential), [renamed]);
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(CredentialResponse.Of(credential));
    }

    private static async Task<Results<Ok<MessageResponse>, ErrorResult>> SetStatusAsync(
        HttpRequest http, CredentialCallers callers, SignedCalls calls, CredentialStore store, CredentialStatus status, CancellationToken ct)
    {
        if ((await callers.ReadSignedAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        if (JsonBody.Parse<CredentialUuidRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        if (await store.SetStatusAsync(call.Caller, request.CredentialUuid, status, http.RemoteAddress(), ct) is { } fault) return (ErrorResult)fault;
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(MessageResponse.Success);
    }
}
