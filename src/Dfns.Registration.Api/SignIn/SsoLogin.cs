using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.SignIn;

/// <summary>
/// <c>POST /auth/login/sso/init</c> and <c>POST /auth/login/sso</c>: the authorization code flow of OpenID Connect (Core 1.0 §3.1) with PKCE (RFC 7636), in which the service is the client. It opens
/// what an ID token opens that a page brings itself, for the same people.
/// </summary>
internal static class SsoLogin
{
    internal static async Task<Results<Ok<SsoInitResponse>, ErrorResult>> InitAsync(
        HttpRequest http, AttemptBudgets budgets, SsoStore clients, ProviderKeys providers, ChallengeStore challenges, MasterKey masterKey, Entropy entropy, TimeProvider clock, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<SsoInitRequest>(http, BodyLimits.SmallSizeBytes, ct)).Failed(out var error, out var request)) return (ErrorResult)error;
        var orgId = request.OrgId;

        if (await budgets.TakeAsync(http.HttpContext, orgId, ct) is { } tooMany) return (ErrorResult)tooMany;
        if ((await clients.FindAsync(orgId, request.ClientId, request.RedirectUri, ct)).Failed(out error, out var found)) return (ErrorResult)error;
        var (client, provider) = found;
        if ((await providers.FindEndpointsAsync(client.Issuer, ct)).Failed(out error, out var endpoints)) return (ErrorResult)error;

        var state = SsoState.New(orgId, entropy);
        var challenge = SsoState.Challenge(state.Verifier(masterKey));
        var opened = Ceremony.Open(
            entropy, orgId, CeremonyPurpose.SsoLogin, userId: null, clock.GetUtcNow(), SsoState.Lifetime, relyingPartyId: null, new SsoErrand(client.Issuer, client.ClientId, request.RedirectUri).Text, state.Row.Id, challenge);
        await challenges.OpenAsync(opened, ct);

        // Core §3.1.2.1. The address is asked for where the user is named by it.
        (string Name, string Value)[] asked =
        [
            ("response_type", "code"),
            ("client_id", client.ClientId),
            ("redirect_uri", request.RedirectUri),
            ("scope", provider.Username == SocialUsername.Email ? "openid email" : "openid"),
            ("state", state.Text),
            ("nonce", state.Nonce(masterKey)),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ];
        // RFC 6749 §3.1: a query that the endpoint has already stays.
        var separator = endpoints.Authorization!.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        return TypedResults.Ok(new SsoInitResponse($"{endpoints.Authorization}{separator}{string.Join('&', asked.Select(a => $"{a.Name}={Uri.EscapeDataString(a.Value)}"))}"));
    }

    internal static async Task<Results<Ok<LoginResponse>, ErrorResult>> LoginAsync(
        HttpRequest http, AttemptBudgets budgets, CeremonyStore ceremonies, SsoStore clients, ProviderKeys providers, TokenEndpoint tokens, IdTokenValidator validator, ProviderSignIn signIn,
        RequestFacts facts, MasterKey masterKey, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<SsoRequest>(http, SocialOptions.BodySizeBytes, ct)).Failed(out var error, out var request)) return (ErrorResult)error;

        var state = SsoState.Parse(request.State);
        if (await budgets.TakeAsync(http.HttpContext, state?.OrganisationId, ct) is { } tooMany) return (ErrorResult)tooMany;

        // Once, whatever comes of it: a second answer to one state is somebody else's, and a code that reaches the provider twice costs whoever holds it their tokens there (RFC 6749 §4.1.2).
        if (state is null) return (ErrorResult)ErrorCatalog.SsoStateNotValid;
        if (await ceremonies.UseUpAsync(state.Row, CeremonyPurpose.SsoLogin, ct) is not { } opened)
        {
            // That a state comes back twice, or late, the organisation's trail tells; of one that was made up nobody knows whose it is.
            if (await ceremonies.LookAsync(state.Row, ct) is not null) facts.OrganisationId = state.OrganisationId;
            return (ErrorResult)ErrorCatalog.SsoStateNotValid;
        }

        facts.OrganisationId = state.OrganisationId;
        var errand = SsoErrand.Parse(opened.BoundTo!);

        // RFC 9207 §2.4, where the page passes it on.
        if (request.Iss is { } issuer && !string.Equals(issuer, errand.Issuer, StringComparison.Ordinal)) return (ErrorResult)ErrorCatalog.SsoIssuerMismatch;

        // The operator may have changed his mind meanwhile.
        if ((await clients.FindAsync(state.OrganisationId, errand.ClientId, errand.RedirectUri, ct)).Failed(out error, out var found)) return (ErrorResult)(error with { Path = null });
        var client = found.Client;
        if (!string.Equals(client.Issuer, errand.Issuer, StringComparison.Ordinal)) return (ErrorResult)ErrorCatalog.SsoClientUnknown;
        if ((await providers.FindEndpointsAsync(client.Issuer, ct)).Failed(out error, out var endpoints)) return (ErrorResult)error;

        if ((await tokens.RedeemAsync(endpoints, client, clients.SecretOf(client), errand.RedirectUri, request.Code, state.Verifier(masterKey), ct)).Failed(out error, out var idToken)) return (ErrorResult)error;
        if ((await validator.ValidateAsync(state.OrganisationId, idToken, state.Nonce(masterKey), ct, client)).Failed(out error, out var identity)) return (ErrorResult)error;
        // What was begun before everything of the user ended is of before, however late the code is redeemed.
        identity = identity with { IssuedAt = Math.Min(identity.IssuedAt, opened.CreatedAt.ToUnixTimeSeconds()) };
        return (await signIn.OpenAsync(http, identity, idToken, ct)).Failed(out error, out var session) ? (ErrorResult)error : TypedResults.Ok(session);
    }

    /// <summary>What a state was sent for, as its row keeps it: none of the three has a line break.</summary>
    private sealed record SsoErrand(string Issuer, string ClientId, string RedirectUri)
    {
        public string Text => $"{Issuer}\n{ClientId}\n{RedirectUri}";

        public static SsoErrand Parse(string text) => text.Split('\n') is [var issuer, var clientId, var redirectUri] ? new(issuer, clientId, redirectUri) : throw new FormatException("The row of a state has other than three lines.");
    }
}
