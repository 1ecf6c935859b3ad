using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Api.Wire;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>The rows of the challenges: opened, found again, closed. The caller saves.</summary>
internal sealed class CeremonyStore(RegistrationDbContext db, RequestFacts facts, Entropy entropy, TimeProvider clock, IOptions<ChallengeOptions> options)
{
    /// <summary>
    /// Opens a challenge that a new set of credentials answers: a user may have a few of each purpose, and one more drops the oldest. The
    /// number is kept where a user's are opened one after the other: whoever opens one holds a row that is the user's, or changes it.
    /// </summary>
    /// <param name="purpose">What it is issued for.</param>
    /// <param name="user">Whose it is.</param>
    /// <param name="relyingParty">Of the organisation.</param>
    /// <param name="lifetime">How long it may be answered.</param>
    /// <param name="boundTo">What it is bound to beyond its user.</param>
    /// <param name="voucher">On whose word it is opened; null where the user's own code opens it.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<Ceremony> OpenAsync(CeremonyPurpose purpose, User user, RelyingParty relyingParty, TimeSpan lifetime, string? boundTo, Voucher? voucher, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var open = await db.Ceremonies
            .Where(c => c.OrganisationId == user.OrganisationId && c.UserId == user.Id && c.Purpose == purpose && c.ConsumedAt == null)
            .OrderByDescending(c => c.CreatedAt).ThenBy(c => c.Id)
            .Take(UserRows.Most)
            .ToListAsync(ct);
        db.Ceremonies.RemoveRange(open.Except(open.Where(c => c.ExpiresAt > now).Take(options.Value.MostOpen - 1)));

        var ceremony = Ceremony.Open(entropy, user.OrganisationId, purpose, user.Id, now, lifetime, relyingParty.ChooseId(facts.Origin), boundTo);
        (ceremony.VouchedBy, ceremony.VouchedFor) = (voucher?.By, voucher?.For);
        db.Ceremonies.Add(ceremony);
        return ceremony;
    }

    /// <summary>Finds a challenge of one purpose, answered or not, until its time is over.</summary>
    /// <returns>The challenge, tracked, with its user, relying party, and how many credentials the user has; or null.</returns>
    public async Task<IssuedChallenge?> FindIssuedAsync(TokenReference reference, CeremonyPurpose purpose, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var found = await db.Ceremonies
            .Where(c => c.OrganisationId == reference.OrganisationId && c.Id == reference.Id && c.Purpose == purpose && c.ExpiresAt > now)
            .Select(c => new
            {
                Ceremony = c,
                User = c.User!,
                RelyingParty = c.User!.Organisation!.RelyingParty!,
                Active = db.Credentials.Count(k => k.OrganisationId == c.OrganisationId && k.UserId == c.UserId && k.Status == CredentialStatus.Active),
                Kept = db.Credentials.Count(k => k.OrganisationId == c.OrganisationId && k.UserId == c.UserId && k.Status != CredentialStatus.Archived),
            })
            .SingleOrDefaultAsync(ct);
        return found is null ? null : new IssuedChallenge(found.Ceremony, found.User, found.RelyingParty, new CredentialCount(found.Active, found.Kept));
    }

    /// <summary>Finds a user action that was signed and may be used now.</summary>
    /// <returns>The row, tracked, used up already or not, with what is kept of its signature; or null.</returns>
    public async Task<(Ceremony? Action, SignedAction? Evidence)> FindSignedAsync(TokenReference reference, DateTimeOffset now, CancellationToken ct)
    {
        // Joined, not looked for in the selection: for that the database would number all that was ever signed.
        var found = await (
            from c in db.Ceremonies
            where c.OrganisationId == reference.OrganisationId && c.Id == reference.Id && c.Purpose == CeremonyPurpose.UserAction && c.ConsumedAt != null && c.ExpiresAt > now
            join a in db.SignedActions on new { c.OrganisationId, c.Id } equals new { a.OrganisationId, a.Id } into kept
            from evidence in kept.DefaultIfEmpty()
            select new { Action = c, Evidence = (SignedAction?)evidence }).SingleOrDefaultAsync(ct);
        return (found?.Action, found?.Evidence);
    }

    /// <summary>Looks at a challenge as it is stored, whatever became of it.</summary>
    public Task<Ceremony?> LookAsync(TokenReference reference, CancellationToken ct) =>
        db.Ceremonies.AsNoTracking().SingleOrDefaultAsync(c => c.OrganisationId == reference.OrganisationId && c.Id == reference.Id, ct);

    /// <summary>Uses up an open challenge of nobody's in particular, at once and by itself: of two at once, one does.</summary>
    /// <returns>The row; null where there is none such, or it is over, or was used before.</returns>
    public async Task<Ceremony?> UseUpAsync(TokenReference reference, CeremonyPurpose purpose, CancellationToken ct)
    {
        var (now, mark) = (clock.GetUtcNow(), entropy.Id("ac"));
        // The mark tells: where the answer was lost on the way, the driver does it once more, and none is open any more.
        await db.Ceremonies
            .Where(c => c.OrganisationId == reference.OrganisationId && c.Id == reference.Id && c.Purpose == purpose && c.ConsumedAt == null && c.ExpiresAt > now)
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.ConsumedAt, now).SetProperty(x => x.Result, mark), ct);
        return await db.Ceremonies.AsNoTracking().SingleOrDefaultAsync(c => c.OrganisationId == reference.OrganisationId && c.Id == reference.Id && c.Result == mark, ct);
    }

    /// <summary>Adds the row of something that may be used once, whose id is there once.</summary>
    public void Add(Ceremony ceremony) => db.Ceremonies.Add(ceremony);

    /// <summary>Whether a use that was marked is the one that was stored: see <see cref="Ceremony.MarkUse"/>.</summary>
    public Task<bool> IsUsedByAsync(TokenReference reference, string mark, CancellationToken ct) =>
        db.Ceremonies.AnyAsync(c => c.OrganisationId == reference.OrganisationId && c.Id == reference.Id && c.Result == mark, ct);
}

/// <summary>A challenge that was issued to a user, answered or not.</summary>
/// <param name="Ceremony">The challenge.</param>
/// <param name="User">Whose it is.</param>
/// <param name="RelyingParty">Of the organisation.</param>
/// <param name="Credentials">How many the user has, as of <paramref name="User"/>'s <see cref="User.CredentialsVersion"/> or later.</param>
internal sealed record IssuedChallenge(Ceremony Ceremony, User User, RelyingParty RelyingParty, CredentialCount Credentials);

/// <summary>How many credentials a user has.</summary>
/// <param name="Active">Those that can be used.</param>
/// <param name="Kept">Those, and what can be activated again.</param>
internal sealed record CredentialCount(int Active, int Kept)
{
    /// <summary>What is said to one more, which would be active: that there are too many; or nothing.</summary>
    public ApiError? Fault =>
        Active >= UserRows.MostInUse ? TooMany("Deactivate or archive an active credential first.")
        : Kept >= UserRows.Most ? TooMany("Archive a deactivated credential first.")
        : null;

    private static ApiError TooMany(string remedy) => ErrorCatalog.LimitReached.Saying($"Of credentials {UserRows.MostInUse} may be active, and {UserRows.Most} active or deactivated. {remedy}");
}
