using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
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

        if (request.Username is not { } username)
        {
            var anybody = await OpenAsync(CeremonyPurpose.Login, userId: null, boundTo: null);
            return TypedResults.Ok(LoginChallenge.ForAnyPasskey(anybody, await tokens.IssueChallengeIdentifierAsync(anybody, ct), relyingParty));
        }

        // Nobody of this name gets a challenge like everybody's, for credentials that do not exist: the same ones each time. So that no time
        // tells either, they are made up for everybody; and for nobody the credentials of some other user are read, and left alone.
        var folded = User.Fold(username);
        var seed = NobodysCredentials.Seed(masterKey, orgId, folded);
        var madeUp = NobodysCredentials.Of(relyingParty, seed);
        var standIn = NobodysCredentials.StandInFrom(seed);
        var registered = db.Users.Where(u => u.OrganisationId == orgId && u.RegisteredAt != null && u.ArchivedAt == null);
        // Not of a user with many: whoever added them would see by the time which names they are read for, and so which are nobody's.
        var standIns = registered.Where(u => !db.Credentials
            .Where(c => c.OrganisationId == orgId && c.UserId == u.Id && c.Status != CredentialStatus.Archived).Skip(NobodysCredentials.MostOfStandIn).Any());
        var read = await db.Credentials
            .Where(c => c.OrganisationId == orgId && c.Status == CredentialStatus.Active && c.Slot != CredentialSlot.Recovery && c.UserId == (
                registered.Where(u => u.UsernameFolded == folded && !u.IsServiceAccount).Select(u => u.Id).FirstOrDefault()
                ?? standIns.Where(u => string.Compare(u.Id, standIn) >= 0).OrderBy(u => u.Id).Select(u => u.Id).FirstOrDefault()
                ?? standIns.OrderBy(u => u.Id).Select(u => u.Id).FirstOrDefault()))
            .Select(c => new { Credential = c, IsNamed = c.User!.UsernameFolded == folded && !c.User.IsServiceAccount })
            .AsNoTracking()
            .ToListAsync(ct);
        var isSomebody = read.Exists(r => r.IsNamed);

        var ceremony = await OpenAsync(
            isSomebody ? CeremonyPurpose.Login : CeremonyPurpose.LoginOfNobody, read.Select(r => r.Credential.UserId).FirstOrDefault(), isSomebody ? null : seed);
        var credentials = isSomebody ? [.. read.Where(r => r.IsNamed).Select(r => r.Credential)] : madeUp;
        return TypedResults.Ok(LoginChallenge.For(ceremony, await tokens.IssueChallengeIdentifierAsync(ceremony, ct), relyingParty, credentials, withPrivateKeys: false));

        async Task<Ceremony> OpenAsync(CeremonyPurpose purpose, string? userId, string? boundTo)
        {
            var opened = Ceremony.Open(entropy, orgId, purpose, userId, clock.GetUtcNow(), options.Value.ChallengeLifetime, boundTo);
            db.Ceremonies.Add(opened);
            await db.SaveChangesAsync(ct);
            return opened;
        }
    }
}
