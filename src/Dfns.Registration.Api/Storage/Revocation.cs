using System.Buffers.Text;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Ends what is open of a user, in the transaction of the act that is meant to end it: by rows that are marked, so that it holds whatever
/// the clocks say, and by the user's own row, which whatever is under way for the user writes too.
/// </summary>
/// <remarks>What is ended of everything: codes, spent; codes for another device, spent; challenges of every purpose, closed; signed calls, used up; sessions, revoked.</remarks>
/// <param name="OrganisationId">Of the user.</param>
/// <param name="UserId">Whose.</param>
/// <param name="Credential">
/// Only what this credential opened, signed or could have signed: its sessions, the calls that it signed, the challenges that it could answer,
/// recoveries that were started with it, and codes for another device.
/// </param>
/// <param name="SessionId">Only this session and what it opened.</param>
/// <param name="WithInvitation">Of everything: whether another registration code is sent no more, but by an operator who invites anew.</param>
internal sealed record Revocation(string OrganisationId, string UserId, Credential? Credential = null, string? SessionId = null, bool WithInvitation = false)
{
    /// <summary>Ends it. In this order, which is that in which changes are saved (<see cref="RowSave"/>): codes, users, challenges, sessions.</summary>
    /// <param name="db">In a transaction.</param>
    /// <param name="now">UTC.</param>
    /// <param name="kept">The ids of challenges that the act itself uses up or removes.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task RunAsync(RegistrationDbContext db, DateTimeOffset now, IReadOnlyCollection<string> kept, CancellationToken ct)
    {
        if (Credential is null && SessionId is null)
        {
            await db.Codes.Where(c => c.OrganisationId == OrganisationId && c.UserId == UserId)
                .ExecuteUpdateAsync(
                    c => c.SetProperty(x => x.ConsumedAt, x => x.ConsumedAt ?? now).SetProperty(x => x.SentInSuccession, 0)
                        .SetProperty(x => x.NextSendAt, x => x.Purpose == CodePurpose.Registration && (WithInvitation || x.NextSendAt == OneTimeCode.Never) ? OneTimeCode.Never : null),
                    ct);
        }

        // Locks the row. What others have saved for the user is seen below; what they save from here on is found out by the version.
        await db.Users.Where(u => u.OrganisationId == OrganisationId && u.Id == UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.CredentialsVersion, x => x.CredentialsVersion), ct);

        var codes = db.CredentialCodes.Where(c => c.OrganisationId == OrganisationId && c.UserId == UserId && c.ConsumedAt == null);
        // A sign-in of nobody has this user's id only for the rows that are read: closed with the user's own, it would tell that it is nobody's.
        var challenges = db.Ceremonies.Where(c => c.OrganisationId == OrganisationId && c.UserId == UserId && c.Purpose != CeremonyPurpose.LoginOfNobody && !kept.Contains(c.Id));
        var tokens = db.AccessTokens.Where(t => t.OrganisationId == OrganisationId && t.UserId == UserId && t.RevokedAt == null);
        if (Credential is not null)
        {
            var (uuid, id) = (Credential.Uuid, Base64Url.EncodeToString(Credential.CredentialId));
            challenges = challenges.Where(c => c.Purpose == CeremonyPurpose.Login
                || (c.Purpose == CeremonyPurpose.UserAction && (c.ConsumedAt == null || c.SignedBy == null || c.SignedBy.Contains(uuid)))
                || (c.Purpose == CeremonyPurpose.Recovery && c.BoundTo == id));
            tokens = tokens.Where(t => t.CredentialUuid == uuid || t.SecondCredentialUuid == uuid);
        }

        if (SessionId is not null)
        {
            var inSession = Ceremony.InSession(SessionId);
            codes = codes.Where(c => c.SessionId == SessionId);
            challenges = challenges.Where(c => c.BoundTo!.EndsWith(inSession));
            tokens = tokens.Where(t => t.Id == SessionId);
        }

        await codes.ExecuteUpdateAsync(c => c.SetProperty(x => x.ConsumedAt, now), ct);
        await challenges.Where(c => c.ConsumedAt == null || (c.Purpose == CeremonyPurpose.UserAction && c.SpentAt == null))
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.ConsumedAt, x => x.ConsumedAt ?? now).SetProperty(x => x.SpentAt, x => x.Purpose == CeremonyPurpose.UserAction ? now : x.SpentAt), ct);
        await tokens.ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, now), ct);
    }
}
