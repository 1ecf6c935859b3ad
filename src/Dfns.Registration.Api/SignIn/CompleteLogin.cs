using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.SignIn;

/// <summary><c>POST /auth/login</c>: a signed challenge for a session.</summary>
internal static class CompleteLogin
{
    internal static async Task<Results<Ok<LoginResponse>, ErrorResult>> CompleteAsync(
        HttpRequest http, ChallengeAnswers answers, Sessions sessions, TimeProvider clock, IOptions<BodyLimits> limits, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<AnswerRequest>(http, limits.Value.MaxSizeBytes, ct)).Failed(out var error, out var request)) return (ErrorResult)error;

        var remoteAddress = http.RemoteAddress();
        if ((await answers.TakeAsync(request, TokenPurpose.Login, caller: null, OpenSession, ct)).Failed(out error, out var session)) return (ErrorResult)error;
        return TypedResults.Ok(new LoginResponse(await sessions.TokenAsync(session, ct)));

        // A service account has its token from the operator; its key signs actions and opens nothing.
        Checked<Session> OpenSession(AnswerableChallenge answered, ProvenFactors proven)
        {
            if (proven.User.IsServiceAccount) return ErrorCatalog.NoUsableCredential;
            answered.SpendCode(clock.GetUtcNow());
            var proof = new SessionProof(proven.Credentials[0].Uuid, proven.Credentials.ElementAtOrDefault(1)?.Uuid, ByLoginCode: answered.Code is not null);
            return sessions.Open(proven.User, proof, remoteAddress, proven.Credentials[0].Kind.ToString());
        }
    }
}
