using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.SignIn;

/// <summary>The routes of signing in and out, with every outcome each can have.</summary>
internal static class SignInEndpoints
{
    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/auth").WithTags("Sign-in");

        group.MapPost("/login/init", InitLogin.InitAsync)
            .RequireRateLimiting(RateLimits.PerAddress)
            .WithName("createLoginChallenge")
            .AuditsFailures(AuditActions.SignInFailed)
            .WithSummary("Start to sign in")
            .WithDescription("A challenge for the credentials of a user; without a username, for a passkey that names its user itself. An unknown user gets a challenge like everybody's, which nothing answers.")
            .Accepts<InitLoginRequest>("application/json")
            .Errors(ErrorCatalog.OrganisationUnknown, ErrorCatalog.InvalidCode, ErrorCatalog.TooManyAttempts, ErrorCatalog.UserDeactivated)
            .BodyErrors().EdgeErrors();

        group.MapPost("/login/code", SendCode.For(CodePurpose.Login))
            .WithName("sendLoginCode")
            .SendsCode("Send a login code", "POST /auth/login/init takes it and then hands out the user's encrypted private keys; the sign-in that completes spends it. ", "a registered");

        group.MapPost("/login", CompleteLogin.CompleteAsync)
            .RequireRateLimiting(RateLimits.PerAddress)
            .WithName("login")
            .AuditsFailures(AuditActions.SignInFailed)
            .WithSummary("Complete to sign in")
            .WithDescription("Takes the challenge signed by a first factor, and by a second where the user has one, and answers with the bearer token of a session.")
            .Accepts<AnswerRequest>("application/json")
            .AnswerErrors()
            .BodyErrors().EdgeErrors();

        group.MapPost("/login/delegated", DelegatedLogin.LoginAsync)
            .WithName("delegatedLogin")
            .AuditsFailures(AuditActions.SignInFailed)
            .WithSummary("Sign an end user in on the word of a service account")
            .WithDescription("For service accounts with the permission Auth:Login:Delegated. Answers with the bearer token of a session of the end user.")
            .Accepts<DelegatedLoginRequest>("application/json")
            .RequireUserAction()
            .Errors(ErrorCatalog.ServiceAccountRequired, ErrorCatalog.PermissionMissing, ErrorCatalog.UserNotFound, ErrorCatalog.UserDeactivated, ErrorCatalog.UserOfProvider)
            .BodyErrors().EdgeErrors();

        group.MapPost("/login/social", SocialLogin.LoginAsync)
            .RequireRateLimiting(RateLimits.PerAddress)
            .WithName("socialLogin")
            .AuditsFailures(AuditActions.SignInFailed)
            .WithSummary("Sign in with an ID token")
            .WithDescription("Exchanges an ID token of an OpenID provider that the organisation accepts for the bearer token of a session of the registered user it belongs to. Each ID token signs in once.")
            .Accepts<SocialRequest>("application/json")
            .Errors(ErrorCatalog.UserNotFound, ErrorCatalog.UserDeactivated, ErrorCatalog.IdTokenAlreadyUsed)
            .IdTokenErrors().BodyErrors().EdgeErrors();

        group.MapPost("/login/sso/init", SsoLogin.InitAsync)
            .RequireRateLimiting(RateLimits.PerAddress)
            .WithName("ssoLoginInit")
            .AuditsFailures(AuditActions.SignInFailed)
            .WithSummary("Start to sign in at a provider")
            .WithDescription("The address at which the person signs in at the organisation's OpenID provider, which sends them back to the redirect URI with a code and the state: the authorization code flow with PKCE. The page keeps the state, and takes no other.")
            .Accepts<SsoInitRequest>("application/json")
            .Errors(ErrorCatalog.SsoClientUnknown, ErrorCatalog.SsoClientAmbiguous, ErrorCatalog.SsoRedirectUriNotAllowed, ErrorCatalog.SsoProviderUnavailable)
            .BodyErrors().EdgeErrors();

        group.MapPost("/login/sso", SsoLogin.LoginAsync)
            .RequireRateLimiting(RateLimits.PerAddress)
            .WithName("ssoLogin")
            .AuditsFailures(AuditActions.SignInFailed)
            .WithSummary("Complete to sign in at a provider")
            .WithDescription("Redeems the provider's code, verifies the ID token that it stands for, and answers with the bearer token of a session of the registered user it belongs to. Each state is used up by the first answer to it.")
            .Accepts<SsoRequest>("application/json")
            .Errors(
                ErrorCatalog.SsoStateNotValid, ErrorCatalog.SsoIssuerMismatch, ErrorCatalog.SsoClientUnknown, ErrorCatalog.SsoClientAmbiguous, ErrorCatalog.SsoRedirectUriNotAllowed,
                ErrorCatalog.SsoCodeRefused, ErrorCatalog.SsoProviderUnavailable, ErrorCatalog.UserNotFound, ErrorCatalog.UserDeactivated, ErrorCatalog.IdTokenAlreadyUsed)
            .IdTokenErrors().BodyErrors().EdgeErrors();

        // Two verbs for one call: some clients post.
        group.MapPut("/logout", Logout.LogoutAsync).WithName("logout").SignsOut();
        group.MapPost("/logout", Logout.LogoutAsync).WithName("createLogout").SignsOut();
    }

    private static RouteHandlerBuilder SignsOut(this RouteHandlerBuilder endpoint) => endpoint
        .WithSummary("Sign out")
        .WithDescription("Ends the session of the bearer token with what it asked for and signed; or with allSessions everything that is open of its user: sessions, signed calls, challenges, codes, started recoveries, and ID tokens that were issued before.")
        .Accepts<LogoutRequest>(isOptional: true, "application/json")
        .RequireBearer()
        .Errors(ErrorCatalog.NotAuthorized)
        .BodyErrors().EdgeErrors();
}
