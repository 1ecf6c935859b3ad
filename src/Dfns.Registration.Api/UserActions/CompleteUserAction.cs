using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.UserActions;

/// <summary><c>POST /auth/action</c>: a signed challenge for the token that makes the one call it was signed for.</summary>
internal static class CompleteUserAction
{
    // What is sent is kept, as the proof of the call: assertions, whose longest keys and signatures leave most of this free.
    private const int MaxSizeBytes = 16 * 1024;

    internal static async Task<Results<Ok<UserActionResponse>, ErrorResult>> CompleteAsync(
        HttpRequest http, CallerReader callers, ChallengeAnswers answers, Changes changes, TokenService tokens, TimeProvider clock, IOptions<BodyLimits> limits, IOptions<ChallengeOptions> options, CancellationToken ct)
    {
        // Who calls is looked up together with the challenge; what is wrong with the body is told to callers alone.
        if (await callers.ReadTokenAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if ((await JsonBody.ReadAsync<AnswerRequest>(http, Math.Min(limits.Value.MaxSizeBytes, MaxSizeBytes), ct)).Failed(out var error, out var request)
            || (await answers.TakeAsync(request, TokenPurpose.UserAction, caller, Sign, ct)).Failed(out error, out var signed))
        {
            return (ErrorResult)await callers.ToldAsync(caller, error, ct);
        }

        return TypedResults.Ok(new UserActionResponse(await tokens.IssueUserActionAsync(signed, ct)));

        Checked<Ceremony> Sign(AnswerableChallenge answered, ProvenFactors proven)
        {
            answered.Ceremony.SignedBy = string.Join(' ', proven.Credentials.Select(c => c.Uuid));
            answered.Ceremony.ExpiresAt = clock.GetUtcNow() + options.Value.SignedCallLifetime;
            changes.Add(ActionEvidence.Of(answered.Ceremony, answered.RelyingParty, proven, request));
            return answered.Ceremony;
        }
    }
}
