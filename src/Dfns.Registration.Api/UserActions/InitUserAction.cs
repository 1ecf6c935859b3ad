using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.UserActions;

/// <summary><c>POST /auth/action/init</c>: a challenge for one call that changes something, bound to user, method, path and body.</summary>
internal static class InitUserAction
{
    internal static async Task<Results<Ok<LoginChallengeResponse>, ErrorResult>> InitAsync(
        HttpRequest http, CallerReader callers, ChallengeStore challenges, TokenService tokens, RequestFacts facts, Entropy entropy, TimeProvider clock, IOptions<BodyLimits> limits, IOptions<ChallengeOptions> options, CancellationToken ct)
    {
        if ((await callers.ReadSigningAsync(http, () => JsonBody.ReadAsync<InitUserActionRequest>(http, limits.Value.MaxSizeBytes, ct), ct)).Failed(out var error, out var called)) return (ErrorResult)error;
        var ((caller, credentials), request) = called;
        if (request.UserActionPayload is not { } payload) return (ErrorResult)ErrorCatalog.MemberRequired.At("$.userActionPayload");
        if (request.UserActionHttpMethod is null || !ActionChallenge.Methods.Contains(request.UserActionHttpMethod)) return (ErrorResult)ErrorCatalog.MemberInvalid.Saying("Use POST, PUT, DELETE or GET.").At("$.userActionHttpMethod");
        if (Member.Text(request.UserActionHttpPath, "$.userActionHttpPath", Limits.PathLength).Failed(out error, out var path)) return (ErrorResult)error;
        if (!ActionChallenge.IsPath(path)) return (ErrorResult)ErrorCatalog.MemberInvalid.Saying("A path begins with '/' and holds printable ASCII alone: write anything else percent-encoded.").At("$.userActionHttpPath");
        if (request.UserActionServerKind is not (null or "Api" or "Staff")) return (ErrorResult)ErrorCatalog.MemberInvalid.Saying("Use Api.").At("$.userActionServerKind");
        if (SignedPayload.Digest(payload) is not { } digest) return (ErrorResult)ErrorCatalog.PayloadNotJson.At("$.userActionPayload");

        // The SDK's delegated clients write the query behind the path; it is no part of what is signed.
        var (id, method, place) = (entropy.Id("ce"), request.UserActionHttpMethod, path.Split('?')[0]);
        var ceremony = Ceremony.Open(
            entropy, caller.OrganisationId, CeremonyPurpose.UserAction, caller.User.Id, clock.GetUtcNow(), options.Value.AuthenticationLifetime,
            caller.RelyingParty.ChooseId(facts.Origin), SignedCall.BoundTo(method, place, digest, caller.Token.Id), id, ActionChallenge.Of(caller.OrganisationId, caller.User.Id, id, method, place, digest));
        // A program makes many calls at once; a person's further one ends the oldest, and so does that of a personal access token, of its own.
        if (caller.User is { IsServiceAccount: true, OwnerId: null }) await challenges.OpenAsync(ceremony, ct);
        else await challenges.OpenAsync(ceremony, UserRows.MostInUse - 1, ct);
        return TypedResults.Ok(LoginChallenge.For(
            ceremony, await tokens.IssueChallengeIdentifierAsync(ceremony, ct), caller.RelyingParty, credentials, facts));
    }
}
