using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Ends what passkeys have opened that an organisation voids because their RP ID is its own no longer, of whomever they are, in the transaction of that act: sessions, with what they
/// asked for, calls that they have signed, and challenges that were given for that RP ID. The passkeys themselves stay, and answer nothing: an RP ID that is listed again makes them
/// good again, and nothing that ended here.
/// </summary>
/// <remarks>
/// Whoever looked at the relying party before that commit proves a passkey by it. They answer a challenge that there was by then, so that a second run, behind the commit, ends what
/// they open: the challenge is closed first, which they find out as they save, or they were before, and their session is seen.
/// </remarks>
/// <param name="OrganisationId">Whose.</param>
/// <param name="RelyingPartyIds">Those that are its own no longer.</param>
/// <param name="WithPrimary">Whether the primary one is among them, which challenges do not name.</param>
/// <param name="Since">UTC. When the act began: what of the sessions has ended since, has asked for more meanwhile.</param>
internal sealed record PasskeyRevocation(string OrganisationId, IReadOnlyList<string> RelyingPartyIds, bool WithPrimary, DateTimeOffset Since)
{
    /// <summary>Ends it; by the first statement whoever is under way finds out, or is waited for.</summary>
    /// <param name="db">In a transaction.</param>
    /// <param name="now">UTC.</param>
    /// <param name="ct">Ends the waiting.</param>
    public Task RunAsync(RegistrationDbContext db, DateTimeOffset now, CancellationToken ct) => VoucherRevocation.PatientlyAsync(db, async () =>
    {
        await db.Ceremonies
            .Where(c => c.OrganisationId == OrganisationId && c.ConsumedAt == null && (c.RelyingPartyId == null ? WithPrimary : RelyingPartyIds.Contains(c.RelyingPartyId)))
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.ConsumedAt, now).SetProperty(x => x.SpentAt, x => x.Purpose == CeremonyPurpose.UserAction ? now : x.SpentAt), ct);
        var passkeys = db.Credentials.Where(k => k.OrganisationId == OrganisationId && k.Kind == CredentialKind.Fido2 && RelyingPartyIds.Contains(k.RelyingPartyId));
        var sessions = db.AccessTokens.Where(
            t => t.OrganisationId == OrganisationId && (t.RevokedAt == null || t.RevokedAt >= Since) && (passkeys.Any(k => k.Uuid == t.CredentialUuid) || passkeys.Any(k => k.Uuid == t.SecondCredentialUuid)));
        await VoucherRevocation.EndAskedForAsync(db, OrganisationId, sessions, now, ct);
        await db.Ceremonies
            .Where(c => c.OrganisationId == OrganisationId && c.Purpose == CeremonyPurpose.UserAction && c.SpentAt == null && passkeys.Any(k => k.UserId == c.UserId && c.SignedBy!.Contains(k.Uuid)))
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.SpentAt, now), ct);
        await sessions.Where(t => t.RevokedAt == null).ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, now), ct);
    });
}
