using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Credentials;

/// <summary>The routes of credential management, with every outcome each can have.</summary>
internal static class CredentialEndpoints
{
    public static void MapCredentials(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth").WithTags("Credentials");

        group.MapGet("/credentials", ManageCredentials.ListAsync)
            .WithName("listCredentials")
            .AuditsReads(AuditActions.CredentialsRead)
            .WithSummary("List the caller's credentials")
            .WithDescription("Every credential that is active or can be activated, at most 100, the oldest first. publicKey is a fingerprint: SHA256: and the SHA-256 of the DER SubjectPublicKeyInfo in unpadded base64.")
            .RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized)
            .EdgeErrors();

        group.MapPost("/credentials/init", AddCredential.InitAsync)
            .WithName("createCredentialChallenge")
            .WithSummary("Start to add a credential")
            .WithDescription("A challenge for a new credential of one kind.")
            .Accepts<InitCredentialRequest>("application/json")
            .RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.LimitReached, ErrorCatalog.CredentialKindUnsupported, ErrorCatalog.CredentialKindUnknown)
            .BodyErrors().EdgeErrors();

        group.MapPost("/credentials", AddCredential.CreateAsync)
            .WithName("createCredential")
            .AuditsFailures(AuditActions.CredentialFailed)
            .WithSummary("Complete to add a credential")
            .WithDescription("Takes the credential that signed the challenge: a recovery key as one more recovery credential, any other kind as one more first factor.")
            .Accepts<CreateCredentialRequest>("application/json")
            .RequireUserAction()
            .Errors(ErrorCatalog.ChallengeNotValid, ErrorCatalog.LimitReached)
            .NewCredentialErrors()
            .BodyErrors().EdgeErrors();

        group.MapPut("/credentials/activate", ManageCredentials.ActivateAsync)
            .WithName("activateCredential")
            .WithSummary("Activate a credential")
            .WithDescription("Makes a deactivated credential usable again. Sessions that it opened before, and calls that it signed, stay ended.")
            .Accepts<CredentialUuidRequest>("application/json")
            .ChangesCredential()
            .Errors(ErrorCatalog.LimitReached);

        group.MapPut("/credentials/deactivate", ManageCredentials.DeactivateAsync)
            .WithName("deactivateCredential")
            .WithSummary("Deactivate a credential")
            .WithDescription("Keeps a credential from being used, and ends the sessions that it opened, the calls that it signed, and codes for another device. The last one that the user can sign in with cannot be deactivated, nor the last recovery credential where the organisation requires one.")
            .Accepts<CredentialUuidRequest>("application/json")
            .ChangesCredential()
            .Errors(ErrorCatalog.LastFirstFactor, ErrorCatalog.LastRecoveryCredential);

        group.MapPut("/credentials/{credentialUuid}", ManageCredentials.RenameAsync)
            .WithName("renameCredential")
            .WithSummary("Rename a credential")
            .WithDescription("Gives a credential another name.")
            .Accepts<RenameCredentialRequest>("application/json")
            .ChangesCredential();

        group.MapDelete("/credentials/{credentialUuid}", ManageCredentials.ArchiveAsync)
            .WithName("archiveCredential")
            .WithSummary("Archive a credential")
            .WithDescription("Ends a credential for good, with the sessions that it opened, the calls that it signed, and codes for another device; the latest are kept as a record. Of the last one the same holds as for deactivating.")
            .ChangesCredential()
            .Errors(ErrorCatalog.LastFirstFactor, ErrorCatalog.LastRecoveryCredential);

        group.MapPost("/credentials/code", AddCredentialWithCode.CreateCodeAsync)
            .WithName("createCredentialCode")
            .WithSummary("Make a code for another device")
            .WithDescription("A code, good for at most a minute and no longer than the session, with which another device of the caller adds a credential without a session.")
            .Accepts<CreateCredentialCodeRequest>("application/json")
            .RequireUserAction()
            .Errors(ErrorCatalog.LimitReached)
            .BodyErrors().EdgeErrors();

        group.MapPost("/credentials/code/init", AddCredentialWithCode.InitAsync)
            .RequireRateLimiting(RateLimits.PerAddress)
            .WithName("createCredentialChallengeWithCode")
            .AuditsFailures(AuditActions.CredentialFailed)
            .WithSummary("Start to add a credential with a code")
            .WithDescription("A challenge for a new credential of one kind, for whoever holds the code, and good as long as the code. The code is spent by the credential, not here.")
            .Accepts<InitCredentialWithCodeRequest>("application/json")
            .Errors(ErrorCatalog.InvalidCode, ErrorCatalog.UserDeactivated, ErrorCatalog.LimitReached, ErrorCatalog.CredentialKindUnsupported, ErrorCatalog.CredentialKindUnknown)
            .BodyErrors().EdgeErrors();

        group.MapPost("/credentials/code/verify", AddCredentialWithCode.VerifyAsync)
            .RequireRateLimiting(RateLimits.PerAddress)
            .WithName("createCredentialWithCode")
            .AuditsFailures(AuditActions.CredentialFailed)
            .WithSummary("Complete to add a credential with a code")
            .WithDescription("Takes the credential that signed the challenge, and spends the code. Sending the same body again gets the same answer.")
            .Accepts<CreateCredentialRequest>("application/json")
            .Errors(ErrorCatalog.ChallengeNotValid, ErrorCatalog.UserDeactivated, ErrorCatalog.LimitReached, ErrorCatalog.SessionAlreadyCompleted, ErrorCatalog.ChangedMeanwhile)
            .NewCredentialErrors()
            .BodyErrors().EdgeErrors();
    }

    private static RouteHandlerBuilder ChangesCredential(this RouteHandlerBuilder endpoint) => endpoint
        .RequireUserAction()
        .Errors(ErrorCatalog.CredentialNotFound)
        .BodyErrors().EdgeErrors();
}
