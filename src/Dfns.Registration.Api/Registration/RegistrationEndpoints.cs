using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Registration;

/// <summary>The routes of registration, with every outcome each can have.</summary>
internal static class RegistrationEndpoints
{
    public static void MapRegistration(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth").WithTags("Registration").RequireRateLimiting(RateLimits.PerAddress);

        group.MapPost("/registration/init", InitRegistration.InitAsync)
            .WithName("createRegistrationChallenge")
            .AuditsFailures(AuditActions.RegistrationFailed)
            .WithSummary("Start a registration with a code")
            .WithDescription(
                "Exchanges a registration code for a challenge and a temporaryAuthenticationToken. The code is not spent yet: a cancelled "
                + "prompt can be begun again with the same code until a registration completes. An unknown user or organisation and a wrong "
                + "code get the same answer.")
            .Accepts<InitRegistrationRequest>("application/json")
            .Errors(ErrorCatalog.InvalidCode, ErrorCatalog.RegistrationCodeExpired, ErrorCatalog.UserAlreadyExists, ErrorCatalog.UserDeactivated)
            .Errors(ErrorCatalog.TooManyAttempts)
            .BodyErrors().EdgeErrors();

        // Whoever brings a token is told by it, not by the address: a back end registers everybody from one.
        var withToken = routes.MapGroup("/auth").WithTags("Registration");

        withToken.MapPost("/registration/delegated", DelegatedRegistration.InitAsync)
            .WithName("createDelegatedRegistrationChallenge")
            .AuditsFailures(AuditActions.RegistrationFailed)
            .WithSummary("Start a registration for somebody else")
            .WithDescription("A service account creates an end user and gets the challenge for the user's device to answer with POST /auth/registration. No mail is sent. One who was invited and did not register in time is started again. Needs Auth:Register:Delegated.")
            .Accepts<DelegatedRegistrationRequest>("application/json")
            .Permitted().RequireUserAction()
            .Errors(ErrorCatalog.ServiceAccountRequired, ErrorCatalog.UserAlreadyExists, ErrorCatalog.InvitationEnded, ErrorCatalog.UsernameMixesScripts, ErrorCatalog.ExternalIdTaken)
            .BodyErrors().EdgeErrors();

        withToken.MapPost("/registration/delegated/restart", DelegatedRegistration.RestartAsync)
            .WithName("restartDelegatedRegistration")
            .AuditsFailures(AuditActions.RegistrationFailed)
            .WithSummary("Start again with a user who did not complete")
            .WithDescription("A new challenge for an end user who exists and is not registered; whatever was begun before ends, in whatever way, and the time to register begins anew. Needs Auth:Register:Delegated.")
            .Accepts<DelegatedRegistrationRequest>("application/json")
            .Permitted().RequireUserAction()
            .Errors(ErrorCatalog.ServiceAccountRequired, ErrorCatalog.UserNotFound, ErrorCatalog.UserAlreadyExists, ErrorCatalog.UserDeactivated)
            .BodyErrors().EdgeErrors();

        group.MapPut("/registration/code", SendCode.For(CodePurpose.Registration))
            .WithName("resendRegistrationCode")
            .SendsCode("Send a new registration code", "A challenge that is open stays open. None is sent once the invitation has ended. ", "an unregistered");

        group.MapPost("/registration/social", SocialRegistration.StartAsync)
            .WithName("createSocialRegistrationChallenge")
            .AuditsFailures(AuditActions.RegistrationFailed)
            .WithSummary("Start a registration with an ID token")
            .WithDescription(
                "Exchanges an ID token of an OpenID provider that the organisation accepts for a challenge and a temporaryAuthenticationToken. "
                + "Who it is, is the token's issuer and subject; at the first time an end user is created, named by the e-mail address that the "
                + "provider has verified. Until the registration completes the same token can start it again. A user of that name who came "
                + "another way is not joined to it.")
            .Accepts<SocialRequest>("application/json")
            .Errors(ErrorCatalog.UserAlreadyExists, ErrorCatalog.UsernameMixesScripts, ErrorCatalog.UserDeactivated)
            .IdTokenErrors().BodyErrors().EdgeErrors();

        withToken.MapPost("/registration", CompleteRegistration.CompleteAsync)
            .WithName("completeUserRegistration")
            .WithSummary("Complete a registration")
            .WithDescription(
                "Takes one to three credentials, each of which signed the challenge, and registers the user with all of them or with none. "
                + "Authorize with the temporaryAuthenticationToken of the challenge. Sending the same body again gets the same answer.")
            .Accepts<RegistrationRequest>("application/json")
            .Completes();

        withToken.MapPost("/registration/enduser", CompleteRegistration.CompleteEndUserAsync)
            .WithName("completeEndUserRegistration")
            .WithSummary("Complete the registration of an end user, and sign in")
            .WithDescription(
                "The same as POST /auth/registration, for end users, and opens a session with it. This service makes no wallets: wallets is always empty in the answer, "
                + "and what a client wishes for is passed over, or refused where the organisation says so.")
            .Accepts<EndUserRegistrationRequest>("application/json")
            .Completes()
            .Errors(ErrorCatalog.EndUserRequired, ErrorCatalog.WalletsRefused);
    }

    // Answers with an error of any of the credentials, or of the registration.
    private static RouteHandlerBuilder Completes(this RouteHandlerBuilder endpoint) => endpoint
        .AuditsFailures(AuditActions.RegistrationFailed)
        .RequireBearer()
        .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.UserAlreadyExists, ErrorCatalog.UserDeactivated, ErrorCatalog.SessionAlreadyCompleted)
        .Errors(ErrorCatalog.RecoveryCredentialRequired, ErrorCatalog.CredentialRepeated, ErrorCatalog.PublicKeyRepeated)
        .NewCredentialErrors()
        .BodyErrors().EdgeErrors();
}
