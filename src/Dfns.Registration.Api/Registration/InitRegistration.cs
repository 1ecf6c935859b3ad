using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Operations;
using Dfns.Registration.Api.Storage;
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
        if ((await JsonBody.ReadAsync<InitRegistrationRequest>(http, RegistrationOptions.SmallBodySizeBytes, ct)).Failed(out var error, out var request))
        {
            return (ErrorResult)error;
        }

        if (Member.Text(request.Username, "$.username", Limits.UsernameLength).Failed(out error, out var username)) return (ErrorResult)error;
        if (Member.Text(request.RegistrationCode, "$.registrationCode", Limits.IdLength).Failed(out error, out var code)) return (ErrorResult)error;
        if (Member.Text(request.OrgId, "$.orgId", Limits.IdLength).Failed(out error, out var orgId)) return (ErrorResult)error;

        if ((await budgets.TakeAsync(http.HttpContext, AttemptKind.RegistrationCode, orgId, username, ct)).Failed(out error, out var attempt)) return (ErrorResult)error;
        var opened = await store.OpenAsync(orgId, username, code, attempt.IsFirst, ct);
        var guessed = opened.Failed(out error, out var session) && error.Code == ErrorCatalog.InvalidCode.Code;
        // Whoever holds the code has not guessed, whatever else is in the way.
        if (!guessed) await budgets.ReturnAsync(attempt, ct);
        if (opened.Failed(out error, out session)) return (ErrorResult)error;
        return TypedResults.Ok(await ChallengeAsync(session, tokens, ct));
    }

    /// <summary>The answer that every way of starting a registration gives.</summary>
    internal static async Task<RegistrationChallengeResponse> ChallengeAsync(RegistrationSession session, TokenService tokens, CancellationToken ct)
    {
        var relyingParty = session.RelyingParty;
        var kinds = CredentialSlots.FactorKinds.Select(k => k.ToString()).ToList();
        return new RegistrationChallengeResponse
        {
            User = new ChallengeUser(session.User.Id, session.User.Username, session.User.Username),
            TemporaryAuthenticationToken = await tokens.IssueAsync(session.Ceremony, session.User, ct),
            Challenge = session.Ceremony.Challenge,
            Rp = new ChallengeRelyingParty(relyingParty.RelyingPartyId, relyingParty.Name),
            SupportedCredentialKinds = new SupportedCredentialKinds(kinds, kinds),
            AuthenticatorSelection = new AuthenticatorSelection("required", RequireResidentKey: true, relyingParty.UserVerification),
            Attestation = relyingParty.Attestation,
            PubKeyCredParams = [.. relyingParty.Algorithms.Select(alg => new PublicKeyCredentialParameters("public-key", alg))],
            ExcludeCredentials = [],
            OtpUrl = "",
        };
    }
}
