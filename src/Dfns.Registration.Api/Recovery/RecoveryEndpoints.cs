using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Recovery;

/// <summary>The routes of recovery, with every outcome each can have.</summary>
internal static class RecoveryEndpoints
{
    public static void MapRecovery(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth").WithTags("Recovery");

        // Two verbs for one call: the older documentation has PUT.
        group.MapPost("/recover/user/code", SendCode.For(CodePurpose.Recovery)).WithName("sendRecoveryCode").SendsCode("Send a recovery code", "", "a registered");
        group.MapPut("/recover/user/code", SendCode.For(CodePurpose.Recovery)).WithName("createUserRecoveryCode").SendsCode("Send a recovery code", "", "a registered");

        group.MapPost("/recover/user/init", InitRecovery.InitAsync)
            .RequireRateLimiting(RateLimits.PerAddress)
            .WithName("createRecoveryChallenge")
            .AuditsFailures(AuditActions.RecoveryFailed)
            .WithSummary("Start a recovery with a code")
            .WithDescription(
                "Exchanges a recovery code and the credential id of a recovery key for a challenge, a temporaryAuthenticationToken and the encrypted "
                + "recovery key. The code is not spent until a recovery completes. A credential id that is no recovery key of the user gets an empty list; "
                + "an unknown user or organisation and a wrong code get the same answer.")
            .Accepts<InitRecoveryRequest>("application/json")
            .Errors(ErrorCatalog.InvalidCode, ErrorCatalog.TooManyAttempts, ErrorCatalog.UserDeactivated)
            .BodyErrors().EdgeErrors();

        group.MapPost("/recover/user/delegated", DelegatedRecovery.InitAsync)
            .WithName("createDelegatedRecoveryChallenge")
            .AuditsFailures(AuditActions.RecoveryFailed)
            .WithSummary("Start a recovery as a service account")
            .WithDescription("Starts the recovery of a user without a code: the service account, which needs Auth:Recover:Delegated, answers for who asks. Sends no mail.")
            .Accepts<DelegatedRecoveryRequest>("application/json")
            .RequireUserAction()
            .Errors(ErrorCatalog.ServiceAccountRequired, ErrorCatalog.PermissionMissing, ErrorCatalog.UserNotFound, ErrorCatalog.UserDeactivated, ErrorCatalog.UserOfProvider)
            .BodyErrors().EdgeErrors();

        group.MapPost("/recover/user", CompleteRecovery.CompleteAsync)
            .WithName("recoverUser")
            .AuditsFailures(AuditActions.RecoveryFailed)
            .WithSummary("Complete a recovery")
            .WithDescription(
                "Takes one to three new credentials, each of which signed the challenge, and the signature of the recovery key over them: its challenge is "
                + "base64url of the JSON of newCredentials. Replaces every credential of the user, the recovery key included, ends every session and closes "
                + "every open challenge, or does nothing. Authorize with the temporaryAuthenticationToken of the challenge. Sending the same body again gets the same answer.")
            .Accepts<RecoverRequest>("application/json")
            .RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.UserDeactivated, ErrorCatalog.SessionAlreadyCompleted, ErrorCatalog.NotARecoveryCredential)
            .NewCredentialErrors()
            .Errors(ErrorCatalog.RecoveryCredentialRequired, ErrorCatalog.CredentialRepeated, ErrorCatalog.PublicKeyRepeated)
            .Errors([.. RefusalErrors.OfAssertions])
            .BodyErrors().EdgeErrors();
    }
}
