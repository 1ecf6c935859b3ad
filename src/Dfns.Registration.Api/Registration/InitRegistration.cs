using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Registration;

/// <summary><c>POST /auth/registration/init</c>: a registration code for a challenge.</summary>
internal static class InitRegistration
{
    internal static async Task<Results<Ok<RegistrationChallengeResponse>, ErrorResult>> InitAsync(
        HttpRequest http, AttemptBudgets budgets, RegistrationStore store, TokenService tokens, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<InitRegistrationRequest>(http, BodyLimits.SmallSizeBytes, ct)).Failed(out var error, out var request))
        {
            return (ErrorResult)error;
        }

        if (Member.Text(request.Username, "$.username", Limits.UsernameLength).Failed(out error, out var username)) return (ErrorResult)error;
        if (Member.Text(request.RegistrationCode, "$.registrationCode", Limits.IdLength).Failed(out error, out var code)) return (ErrorResult)error;
        if (Member.Text(request.OrgId, "$.orgId", Limits.IdLength).Failed(out error, out var orgId)) return (ErrorResult)error;

        var opened = await budgets.GuessAsync(http.HttpContext, CodePurpose.Registration, orgId, username, isFirst => store.OpenAsync(orgId, username, code, isFirst, ct), ct);
        if (opened.Failed(out error, out var session)) return (ErrorResult)error;
        return TypedResults.Ok(await RegistrationChallenge.OfAsync(session.Ceremony, session.User, session.RelyingParty, tokens, ct));
    }
}
