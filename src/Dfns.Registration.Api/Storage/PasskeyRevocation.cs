using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Ends what passkeys have opened that an organisation voids because their RP ID is its own no longer, of whomever they are, in the transaction of that act: sessions, with what they
/// asked for, and calls that they have signed. The passkeys themselves stay, and answer nothing: an RP ID that is listed again makes them good again, and nothing that ended here.
/// </summary>
/// <param name="OrganisationId">Whose.</param>
/// <param name="RelyingPartyIds">Those that are its own no longer.</param>
internal sealed record PasskeyRevocation(string OrganisationId, IReadOnlyList<string> RelyingPartyIds)
{
    /// <summary>Ends it, in the order of <see cref="Revocation.RunAsync"/>.</summary>
    /// <param name="db">In a transaction.</param>
    /// <param name="now">UTC.</param>
    /// <param name="ct">Ends the waiting.</param>
    public Task RunAsync(RegistrationDbContext db, DateTimeOffset now, CancellationToken ct) => VoucherRevocation.PatientlyAsync(db, async () =>
    {
        var passkeys = db.Credentials.Where(k => k.OrganisationId == OrganisationId && k.Kind == CredentialKind.Fido2 && RelyingPartyIds.Contains(k.RelyingPartyId));
        var sessions = db.AccessTokens.Where(
            t => t.OrganisationId == OrganisationId && t.RevokedAt == null && (passkeys.Any(k => k.Uuid == t.CredentialUuid) || passkeys.Any(k => k.Uuid == t.SecondCredentialUuid)));
        await VoucherRevocation.EndAskedForAsync(db, OrganisationId, sessions, now, ct);
        await db.Ceremonies
            .Where(c => c.OrganisationId == OrganisationId && c.Purpose == CeremonyPurpose.UserAction && c.SpentAt == null && passkeys.Any(k => k.UserId == c.UserId && c.SignedBy!.Contains(k.Uuid)))
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.SpentAt, now), ct);
        await sessions.ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, now), ct);
    });
}
