using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.SignIn;

/// <summary>
/// The queries of signing in. A sign-in may begin with a mailed code, and is then handed the user's encrypted private keys. Like that of a
/// registration the code outlives a cancelled prompt or a mistyped password: it is spent by the sign-in that completes, which closes what
/// else it opened.
/// </summary>
internal sealed class SignInStore(
    RegistrationDbContext db, CodeStore codes, CeremonyStore ceremonies, FactorStore factors, TimeProvider clock, IOptions<ChallengeOptions> options)
{
    /// <summary>What a challenge is bound to that a code opened.</summary>
    private const string ByCode = "login code";

    /// <summary>Opens a challenge and saves it.</summary>
    /// <param name="organisationId">Whose it is.</param>
    /// <param name="purpose">A sign-in of somebody, or of nobody.</param>
    /// <param name="userId">Whose sign-in it is, or whose rows are read for nobody's; null where the passkey will name its user.</param>
    /// <param name="boundTo">Of nobody's: what the made-up credentials follow from.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<Ceremony> OpenAsync(string organisationId, CeremonyPurpose purpose, string? userId, string? boundTo, CancellationToken ct)
    {
        var opened = ceremonies.Open(organisationId, purpose, userId, options.Value.AuthenticationLifetime, boundTo);
        await db.SaveChangesAsync(ct);
        return opened;
    }

    /// <summary>Opens the challenge of a user who holds a code.</summary>
    /// <returns>The challenge and the user's credentials; or one error for whatever is wrong with the code, or the user deactivated.</returns>
    public Task<Checked<OpenedLogin>> OpenWithCodeAsync(string organisationId, string username, string code, bool isFirstAttempt, CancellationToken ct) =>
        codes.UseAsync<OpenedLogin>(
            CodePurpose.Login,
            organisationId,
            username,
            code,
            isFirstAttempt,
            async (user, _) =>
            {
                if (!user.IsActive) return ErrorCatalog.UserDeactivated;
                var credentials = await factors.SigningAsync(user.OrganisationId, user.Id, ct);
                var ceremony = ceremonies.Open(user.OrganisationId, CeremonyPurpose.Login, user.Id, options.Value.AuthenticationLifetime, ByCode);
                return new OpenedLogin(ceremony, user.Organisation!.RelyingParty!, credentials);
            },
            ct);

    /// <summary>Spends the code that opened a challenge, if one did, and closes the other challenges it opened. The caller saves.</summary>
    public async Task SpendCodeAsync(Ceremony completed, CancellationToken ct)
    {
        if (completed is not { BoundTo: ByCode, UserId: { } userId }) return;
        var now = clock.GetUtcNow();
        (await codes.FindAsync(completed.OrganisationId, userId, CodePurpose.Login, ct))!.Consume(now);
        await ceremonies.CloseLikeAsync(completed, now, ct);
    }

    /// <summary>
    /// Reads the credentials of whoever has a name; for nobody those of some other user, which are to be left alone, so that the database
    /// does the same for both.
    /// </summary>
    /// <param name="organisationId">As sent; it exists.</param>
    /// <param name="folded">The username in the form to compare.</param>
    /// <param name="standIn">The user id from which to look for another user.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The active credentials that sign in, not tracked, each with whether its user is the one who was named.</returns>
    public async Task<IReadOnlyList<ReadCredential>> ReadAsync(string organisationId, string folded, string standIn, CancellationToken ct)
    {
        var registered = db.Users.Where(u => u.OrganisationId == organisationId && u.RegisteredAt != null && u.ArchivedAt == null);
        // Not of a user with many: whoever added them would see by the time which names they are read for, and so which are nobody's.
        var standIns = registered.Where(u => !db.Credentials
            .Where(c => c.OrganisationId == organisationId && c.UserId == u.Id && c.Status != CredentialStatus.Archived).Skip(NobodysCredentials.MostOfStandIn).Any());
        return await db.Credentials
            .Where(c => c.OrganisationId == organisationId && c.Status == CredentialStatus.Active && c.Slot != CredentialSlot.Recovery && c.UserId == (
                registered.Where(u => u.UsernameFolded == folded && !u.IsServiceAccount).Select(u => u.Id).FirstOrDefault()
                ?? standIns.Where(u => string.Compare(u.Id, standIn) >= 0).OrderBy(u => u.Id).Select(u => u.Id).FirstOrDefault()
                ?? standIns.OrderBy(u => u.Id).Select(u => u.Id).FirstOrDefault()))
            .Select(c => new ReadCredential(c, c.User!.UsernameFolded == folded && !c.User.IsServiceAccount))
            .AsNoTracking()
            .ToListAsync(ct);
    }
}

/// <summary>An open challenge of a sign-in, and the credentials that may answer it.</summary>
internal sealed record OpenedLogin(Ceremony Ceremony, RelyingParty RelyingParty, IReadOnlyList<Credential> Credentials);

/// <summary>A credential that was read for a name.</summary>
/// <param name="Credential">Active.</param>
/// <param name="IsNamed">Whether its user is the one who was named; else it is somebody else's, read in nobody's place.</param>
internal sealed record ReadCredential(Credential Credential, bool IsNamed);
