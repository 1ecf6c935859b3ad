using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.SignIn;

/// <summary>
/// Sign-ins that begin with a mailed code, and so are handed the user's encrypted private keys. Like that of a registration the code
/// outlives a cancelled prompt or a mistyped password: it is spent by the sign-in that completes, which closes what else it opened.
/// </summary>
internal sealed class LoginCodes(RegistrationDbContext db, CodeStore codes, Entropy entropy, TimeProvider clock, IOptions<SignInOptions> options)
{
    /// <summary>What a challenge is bound to that a code opened.</summary>
    private const string ByCode = "login code";

    /// <summary>Opens the challenge of a user who holds a code.</summary>
    /// <returns>The challenge and the user's credentials; or one error for whatever is wrong with the code, or the user deactivated.</returns>
    public Task<Checked<OpenedLogin>> OpenAsync(string organisationId, string username, string code, bool isFirstAttempt, CancellationToken ct) =>
        codes.UseAsync<OpenedLogin>(
            CodePurpose.Login,
            organisationId,
            username,
            code,
            isFirstAttempt,
            async (user, _) =>
            {
                if (!user.IsActive) return ErrorCatalog.UserDeactivated;
                var credentials = await db.Credentials
                    .Where(c => c.OrganisationId == user.OrganisationId && c.UserId == user.Id && c.Status == CredentialStatus.Active && c.Slot != CredentialSlot.Recovery)
                    .ToListAsync(ct);
                var ceremony = Ceremony.Open(
                    entropy, user.OrganisationId, CeremonyPurpose.Login, user.Id, clock.GetUtcNow(), options.Value.ChallengeLifetime, ByCode);
                db.Ceremonies.Add(ceremony);
                return new OpenedLogin(ceremony, user.Organisation!.RelyingParty!, credentials);
            },
            ct);

    /// <summary>Spends the code that opened a challenge, if one did, and closes the other challenges it opened. The caller saves.</summary>
    public async Task SpendAsync(Ceremony completed, CancellationToken ct)
    {
        if (completed.BoundTo != ByCode) return;
        var now = clock.GetUtcNow();
        var code = await db.Codes.SingleAsync(c => c.OrganisationId == completed.OrganisationId && c.UserId == completed.UserId && c.Purpose == CodePurpose.Login, ct);
        code.Consume(now);
        var others = await db.Ceremonies
            .Where(c => c.OrganisationId == completed.OrganisationId && c.UserId == completed.UserId && c.Id != completed.Id
                && c.Purpose == CeremonyPurpose.Login && c.BoundTo == ByCode && c.ConsumedAt == null)
            .ToListAsync(ct);
        others.ForEach(other => other.ConsumedAt = now);
    }
}

/// <summary>An open challenge of a sign-in, and the credentials that may answer it.</summary>
internal sealed record OpenedLogin(Ceremony Ceremony, RelyingParty RelyingParty, IReadOnlyList<Credential> Credentials);
