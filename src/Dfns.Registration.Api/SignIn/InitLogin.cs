using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Operations;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.SignIn;

/// <summary><c>POST /auth/login/init</c>: a challenge for the credentials of a user, or for a passkey that names its user itself.</summary>
internal static class InitLogin
{
    internal static async Task<Results<Ok<LoginChallengeResponse>, ErrorResult>> InitAsync(
        HttpRequest http, RegistrationDbContext db, AttemptBudgets budgets, LoginCodes codes, TokenService tokens, MasterKey masterKey, Entropy entropy, TimeProvider clock, IOptions<SignInOptions> options, CancellationToken ct)
    {
        if ((await JsonBody.ReadAsync<InitLoginRequest>(http, RegistrationOptions.SmallBodySizeBytes, ct)).Failed(out var error, out var request)) return (ErrorResult)error;
        if (Member.Text(request.OrgId, "$.orgId", Limits.IdLength).Failed(out error, out var orgId)) return (ErrorResult)error;
        if (Member.OptionalText(request.Username, "$.username", Limits.UsernameLength) is { } badName) return (ErrorResult)badName;

        // An organisation's id is no secret, and nobody guesses one: it stands in every front end.
        if (await db.RelyingParties.SingleOrDefaultAsync(r => r.OrganisationId == orgId, ct) is not { } relyingParty) return (ErrorResult)ErrorCatalog.OrganisationUnknown.At("$.orgId");

        // With a code: the same answer whatever is wrong with it, and the encrypted private keys when nothing is.
        if (request.LoginCode is not null)
        {
            if (Member.Text(request.LoginCode, "$.loginCode", Limits.IdLength).Failed(out error, out var code)) return (ErrorResult)error;
            if (Member.Text(request.Username, "$.username", Limits.UsernameLength).Failed(out error, out var holder)) return (ErrorResult)error;
            var guessed = await budgets.GuessAsync(http.HttpContext, CodePurpose.Login, orgId, holder, isFirst => codes.OpenAsync(orgId, holder, code, isFirst, ct), ct);
            if (guessed.Failed(out error, out var opened)) return (ErrorResult)error;
            return TypedResults.Ok(LoginChallenge.For(
                opened.Ceremony, await tokens.IssueChallengeIdentifierAsync(opened.Ceremony, ct), opened.RelyingParty, opened.Credentials, withPrivateKeys: true));
        }

        var folded = request.Username is { } username ? User.Fold(username) : null;
        var credentials = folded is null
            ? []
            : await db.Credentials
                .Where(c => c.OrganisationId == orgId && c.User!.UsernameFolded == folded && !c.User.IsServiceAccount && c.Status == CredentialStatus.Active && c.Slot != CredentialSlot.Recovery)
                .ToListAsync(ct);

        // Nobody of this name gets a challenge like everybody's, for credentials that do not exist: the same ones each time.
        var nobody = folded is not null && credentials.Count == 0 ? NobodysCredentials.Seed(masterKey, orgId, folded) : null;
        var ceremony = Ceremony.Open(
            entropy,
            orgId,
            nobody is null ? CeremonyPurpose.Login : CeremonyPurpose.LoginOfNobody,
            credentials.Select(c => c.UserId).FirstOrDefault(),
            clock.GetUtcNow(),
            options.Value.ChallengeLifetime,
            boundTo: nobody);
        db.Ceremonies.Add(ceremony);
        await db.SaveChangesAsync(ct);

        var identifier = await tokens.IssueChallengeIdentifierAsync(ceremony, ct);
        return TypedResults.Ok(folded is null
            ? LoginChallenge.ForAnyPasskey(ceremony, identifier, relyingParty)
            : LoginChallenge.For(ceremony, identifier, relyingParty, nobody is null ? credentials : NobodysCredentials.Of(relyingParty, nobody), withPrivateKeys: false));
    }
}
