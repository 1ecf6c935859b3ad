using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.SignIn;

/// <summary><c>POST /auth/login/init</c>: a challenge for the credentials of a user, or for a passkey that names its user itself.</summary>
internal static class InitLogin
{
    internal static async Task<Results<Ok<LoginChallengeResponse>, ErrorResult>> InitAsync(
        HttpRequest http, SignInStore store, NameStore names, OrganisationStore organisations, TokenService tokens, RequestFacts facts, MasterKey masterKey, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<InitLoginRequest>(http, BodyLimits.SmallSizeBytes, ct)).Failed(out var error, out var request)) return (ErrorResult)error;
        var orgId = request.OrgId;

        // With a code: the same answer whatever is wrong with it, and the encrypted private keys when nothing is.
        if (request.LoginCode is not null)
        {
            if (Member.Text(request.LoginCode, "$.loginCode", Limits.IdLength).Failed(out error, out var code)) return (ErrorResult)error;
            if (Member.Text(request.Username, "$.username", Limits.UsernameLength).Failed(out error, out var holder)) return (ErrorResult)error;
            if ((await store.OpenWithCodeAsync(http.HttpContext, orgId, holder, code, ct)).Failed(out error, out var opened)) return (ErrorResult)error;
            return TypedResults.Ok(LoginChallenge.For(
                opened.Ceremony, await tokens.IssueChallengeIdentifierAsync(opened.Ceremony, ct), opened.RelyingParty, opened.Credentials, facts));
        }

        // An organisation's id is no secret, and nobody guesses one: it stands in every front end.
        var unknown = ErrorCatalog.OrganisationUnknown.At("$.orgId");
        if (request.Username is not { } username)
        {
            if (await organisations.FindRelyingPartyAsync(orgId, ct) is not { } relyingParty) return (ErrorResult)unknown;
            facts.OrganisationId = orgId;
            var anybody = await store.OpenAsync(orgId, relyingParty, CeremonyPurpose.Login, userId: null, boundTo: null, ct);
            return TypedResults.Ok(LoginChallenge.ForAnyPasskey(anybody, await tokens.IssueChallengeIdentifierAsync(anybody, ct), relyingParty));
        }

        // Nobody of this name gets a challenge like everybody's, for credentials that do not exist: the same ones each time. So that no time
        // tells either, they are made up for everybody; and for nobody the credentials of some other user are read, and left alone.
        var folded = User.Fold(username);
        var seed = NobodysCredentials.Seed(masterKey, orgId, folded);
        if (await names.ReadAsync(orgId, folded, NobodysCredentials.StandInFrom(seed), ct) is not { } read) return (ErrorResult)unknown;
        facts.OrganisationId = orgId;
        var madeUp = NobodysCredentials.Of(masterKey, read.RelyingParty, seed);

        var ceremony = await store.OpenAsync(orgId, read.RelyingParty, read.IsNamed ? CeremonyPurpose.Login : CeremonyPurpose.LoginOfNobody, read.UserId, read.IsNamed ? null : seed, ct);
        IReadOnlyList<SigningCredential> credentials = read.IsNamed ? read.Credentials : [.. madeUp.Select(SigningCredential.Of)];
        return TypedResults.Ok(LoginChallenge.For(ceremony, await tokens.IssueChallengeIdentifierAsync(ceremony, ct), read.RelyingParty, credentials, handedTo: null));
    }
}
