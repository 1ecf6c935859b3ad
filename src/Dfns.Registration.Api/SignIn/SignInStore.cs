using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
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
    RegistrationDbContext db, Guesses guesses, ChallengeStore challenges, Entropy entropy, TimeProvider clock, IOptions<ChallengeOptions> options)
{
    /// <summary>Opens a challenge and saves it.</summary>
    /// <param name="organisationId">Whose it is.</param>
    /// <param name="purpose">A sign-in of somebody, or of nobody.</param>
    /// <param name="userId">Whose sign-in it is, or whose rows are read for nobody's; null where the passkey will name its user.</param>
    /// <param name="boundTo">Of nobody's: what the made-up credentials follow from.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<Ceremony> OpenAsync(string organisationId, CeremonyPurpose purpose, string? userId, string? boundTo, CancellationToken ct)
    {
        var opened = New(organisationId, purpose, userId, boundTo);
        await challenges.OpenAsync(opened, ct);
        return opened;
    }

    /// <summary>Opens the challenge of a user who holds a code.</summary>
    /// <returns>The challenge and the user's credentials; or too many attempts, one error for whatever is wrong with the code, or the user deactivated.</returns>
    public async Task<Checked<OpenedLogin>> OpenWithCodeAsync(HttpContext http, string organisationId, string username, string code, CancellationToken ct)
    {
        if ((await guesses.GuessAsync(http, CodePurpose.Login, organisationId, username, code, ct)).Failed(out var error, out var guess)) return error;
        if (!guess.User.IsActive)
        {
            await guesses.ReturnAsync(guess);
            return ErrorCatalog.UserDeactivated;
        }

        var ceremony = New(organisationId, CeremonyPurpose.Login, guess.User.Id, Ceremony.ByLoginCode);
        return await challenges.OpenAndReadAsync(ceremony, guess.Counted, CancellationToken.None) is { } credentials
            ? new OpenedLogin(ceremony, guess.RelyingParty, credentials)
            : ErrorCatalog.InvalidCode with { Reason = "spent or replaced meanwhile" };
    }

    /// <summary>
    /// Reads the credentials of whoever has a name; for nobody those of some other user, which are to be left alone, so that the database
    /// does the same for both.
    /// </summary>
    /// <param name="organisationId">As sent; need not exist.</param>
    /// <param name="folded">The username in the form to compare.</param>
    /// <param name="standIn">The user id from which to look for another user.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>
    /// The relying party, and the active credentials that sign in, not tracked, each with whether its user is the one who was named; null
    /// where there is no organisation, or it is not set up to the end.
    /// </returns>
    public async Task<NamedCredentials?> ReadAsync(string organisationId, string folded, string standIn, CancellationToken ct)
    {
        var registered = db.Users.Where(u => u.OrganisationId == organisationId && u.RegisteredAt != null && u.ArchivedAt == null);
        // Not of a user with many: whoever added them would see by the time which names they are read for, and so which are nobody's.
        var standIns = registered.Where(u => !db.Credentials
            .Where(c => c.OrganisationId == organisationId && c.UserId == u.Id && c.Status != CredentialStatus.Archived).Skip(NobodysCredentials.MostOfStandIn).Any());
        var read = db.Credentials
            .Where(c => c.OrganisationId == organisationId && c.Status == CredentialStatus.Active && c.Slot != CredentialSlot.Recovery && c.UserId == (
                registered.Where(u => u.UsernameFolded == folded && !u.IsServiceAccount).Select(u => u.Id).FirstOrDefault()
                ?? standIns.Where(u => string.Compare(u.Id, standIn) >= 0).OrderBy(u => u.Id).Select(u => u.Id).FirstOrDefault()
                ?? standIns.OrderBy(u => u.Id).Select(u => u.Id).FirstOrDefault()));
        var rows = await db.RelyingParties.Where(r => r.OrganisationId == organisationId)
            .SelectMany(_ => read.DefaultIfEmpty(), (r, c) => new { RelyingParty = r, Credential = c, Name = c!.User!.UsernameFolded, IsServiceAccount = (bool?)c.User.IsServiceAccount })
            .AsNoTracking()
            .ToListAsync(ct);
        return rows is [var first, ..]
            ? new NamedCredentials(first.RelyingParty, [.. rows.Where(r => r.Credential is not null).Select(r => new ReadCredential(r.Credential!, r.Name == folded && r.IsServiceAccount == false))])
            : null;
    }

    private Ceremony New(string organisationId, CeremonyPurpose purpose, string? userId, string? boundTo) =>
        Ceremony.Open(entropy, organisationId, purpose, userId, clock.GetUtcNow(), options.Value.AuthenticationLifetime, boundTo);
}

/// <summary>An open challenge of a sign-in, and the credentials that may answer it.</summary>
internal sealed record OpenedLogin(Ceremony Ceremony, RelyingParty RelyingParty, IReadOnlyList<Credential> Credentials);

/// <summary>What was read for a name.</summary>
internal sealed record NamedCredentials(RelyingParty RelyingParty, IReadOnlyList<ReadCredential> Credentials);

/// <summary>A credential that was read for a name.</summary>
/// <param name="Credential">Active.</param>
/// <param name="IsNamed">Whether its user is the one who was named; else it is somebody else's, read in nobody's place.</param>
internal sealed record ReadCredential(Credential Credential, bool IsNamed);
