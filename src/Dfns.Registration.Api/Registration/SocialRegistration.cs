using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Registration;

/// <summary><c>POST /auth/registration/social</c>: an ID token of the organisation's provider for a challenge.</summary>
internal static class SocialRegistration
{
    internal static async Task<Results<Ok<RegistrationChallengeResponse>, ErrorResult>> StartAsync(
        HttpRequest http, AttemptBudgets budgets, IdTokenValidator validator, SocialStore social, RegistrationStore store, TokenService tokens, RequestFacts facts, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<SocialRequest>(http, SocialOptions.BodySizeBytes, ct)).Failed(out var error, out var request)) return (ErrorResult)error;
        if (request.KindFault() is { } badKind) return (ErrorResult)badKind;

        if (await budgets.TakeAsync(http.HttpContext, request.OrgId, ct) is { } tooMany) return (ErrorResult)tooMany;
        if ((await validator.ValidateAsync(request.OrgId, request.IdToken, request.Nonce, ct)).Failed(out error, out var identity)) return (ErrorResult)error;
        var remoteAddress = http.RemoteAddress();
        if ((await social.FindOrCreateUserAsync(identity, remoteAddress, ct)).Failed(out error, out var userId)) return (ErrorResult)error;
        facts.SubjectId = userId;
        if ((await store.OpenWithoutCodeAsync(identity.OrganisationId, userId, identity, ct)).Failed(out error, out var session)) return (ErrorResult)error;
        return TypedResults.Ok(await RegistrationChallenge.OfAsync(session.Ceremony, session.User, session.RelyingParty, tokens, ct));
    }
}
