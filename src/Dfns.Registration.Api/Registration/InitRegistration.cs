using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Registration;

/// <summary><c>POST /auth/registration/init</c>: a registration code for a challenge.</summary>
internal static class InitRegistration
{
    internal static async Task<Results<Ok<RegistrationChallengeResponse>, ErrorResult>> InitAsync(
        HttpRequest http, RegistrationStore store, TokenService tokens, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<InitRegistrationRequest>(http, BodyLimits.SmallSizeBytes, ct)).Failed(out var error, out var request))
        {
            return (ErrorResult)error;
        }

        var (username, code, _, orgId) = request;
        if ((await store.OpenAsync(http.HttpContext, orgId, username, code, ct)).Failed(out error, out var session)) return (ErrorResult)error;
        return TypedResults.Ok(await RegistrationChallenge.OfAsync(session.Ceremony, session.User, session.RelyingParty, tokens, ct));
    }
}
