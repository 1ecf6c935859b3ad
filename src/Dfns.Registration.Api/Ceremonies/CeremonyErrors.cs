using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>Says on an endpoint what can go wrong with what this room does for it.</summary>
internal static class CeremonyErrors
{
    /// <summary>What can be wrong with a new credential.</summary>
    public static RouteHandlerBuilder NewCredentialErrors(this RouteHandlerBuilder endpoint) => endpoint
        .Errors(ErrorCatalog.CredentialKindUnsupported, ErrorCatalog.CredentialKindUnknown, ErrorCatalog.CredentialKindMisplaced)
        .Errors(ErrorCatalog.CredentialAlreadyRegistered, ErrorCatalog.PublicKeyAlreadyRegistered)
        .Errors([.. RefusalErrors.OfNewCredentials]);

    /// <summary>What can be wrong with the answer to a challenge.</summary>
    public static RouteHandlerBuilder AnswerErrors(this RouteHandlerBuilder endpoint) => endpoint
        .Errors(ErrorCatalog.ChallengeNotValid, ErrorCatalog.NoUsableCredential, ErrorCatalog.SecondFactorRequired, ErrorCatalog.UserDeactivated)
        .Errors(ErrorCatalog.CredentialKindUnsupported, ErrorCatalog.CredentialKindUnknown, ErrorCatalog.CredentialKindMisplaced)
        .Errors([.. RefusalErrors.OfAssertions]);

    /// <summary>Marks an endpoint as one that its caller signs, with what can be wrong with that.</summary>
    public static RouteHandlerBuilder RequireUserAction(this RouteHandlerBuilder endpoint) => endpoint
        .RequireBearer()
        .WithMetadata(new UserActionMetadata())
        .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.UserActionMissing, ErrorCatalog.UserActionAlreadyUsed, ErrorCatalog.ChangedMeanwhile);
}
