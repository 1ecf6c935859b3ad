using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Social;

/// <summary>Says on an endpoint what can go wrong with the ID token that it takes.</summary>
internal static class SocialErrors
{
    /// <summary>What can be wrong with an ID token.</summary>
    public static RouteHandlerBuilder IdTokenErrors(this RouteHandlerBuilder endpoint) => endpoint.Errors(
        ErrorCatalog.IdTokenMalformed, ErrorCatalog.OrganisationNotTold, ErrorCatalog.IdTokenIssuerUnknown, ErrorCatalog.IdTokenAlgorithmNotAllowed, ErrorCatalog.IdTokenKeyUnknown,
        ErrorCatalog.IdTokenSignatureInvalid, ErrorCatalog.IdTokenAudienceNotAllowed, ErrorCatalog.IdTokenExpired, ErrorCatalog.IdTokenNotYetValid,
        ErrorCatalog.IdTokenTooOld, ErrorCatalog.IdTokenRevoked, ErrorCatalog.IdTokenNonceMismatch, ErrorCatalog.IdTokenClaimsInvalid, ErrorCatalog.IdTokenEmailNotVerified,
        ErrorCatalog.SocialProviderUnavailable);
}
