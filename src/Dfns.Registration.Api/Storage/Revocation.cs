using System.Buffers.Text;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Ends what is open of a user, in the transaction of the act that is meant to end it: by rows that are marked, so that it holds whatever
/// the clocks say, and by the user's own row, which whatever is under way for the user writes too.
/// </summary>
/// <remarks>What is ended of everything: codes, spent; codes for another device, spent; challenges of every purpose, closed; signed calls, used up; sessions, revoked; of a person's personal access tokens all of it, and they themselves.</remarks>
/// <param name="OrganisationId">Of the user.</param>
/// <param name="UserId">Whose.</param>
/// <param name="Credential">
/// Only what this credential opened, signed or could have signed: its sessions, the calls that it signed, the challenges that it could answer,
/// recoveries that were started with it, and codes for another device.
/// </param>
/// <param name="SessionId">Only this session and what it opened.</param>
/// <param name="WithInvitation">Of everything: whether another registration code is sent no more, but by an operator who invites anew.</param>
/// <param name="ButStanding">Of everything: whether the standing token of a program is kept, which counts again with its program.</param>
internal sealed record Revocation(string OrganisationId, string UserId, Credential? Credential = null, string? SessionId = null, bool WithInvitation = false, bool ButStanding = false)
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

        if (Credential is null && SessionId is null) await EndOwnedAsync(db, now, kept, ct);

        var codes = db.CredentialCodes.Where(c => c.OrganisationId == OrganisationId && c.UserId == UserId && c.ConsumedAt == null);
        // A sign-in of nobody has this user's id only for the rows that are read: closed with the user's own, it would tell that it is nobody's.
        var challenges = db.Ceremonies.Where(c => c.OrganisationId == OrganisationId && c.UserId == UserId && c.Purpose != CeremonyPurpose.LoginOfNobody && !kept.Contains(c.Id));
        var tokens = db.AccessTokens.Where(t => t.OrganisationId == OrganisationId && t.UserId == UserId && t.RevokedAt == null);
        if (ButStanding) tokens = tokens.Where(t => t.Kind == AccessTokenKind.Token);
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

    // The programs that a person has let in by a personal access token, for good: nobody can tell whether it was the person. They hold no program themselves.
    private async Task EndOwnedAsync(RegistrationDbContext db, DateTimeOffset now, IReadOnlyCollection<string> kept, CancellationToken ct)
    {
        var owned = await db.Users.Where(u => u.OrganisationId == OrganisationId && u.OwnerId == UserId && u.ArchivedAt == null).Select(u => u.Id).ToListAsync(ct);
        if (owned.Count == 0) return;
        await db.Users.Where(u => u.OrganisationId == OrganisationId && owned.Contains(u.Id)).ExecuteUpdateAsync(
            u => u.SetProperty(x => x.IsActive, false).SetProperty(x => x.ArchivedAt, now).SetProperty(x => x.ExternalId, (string?)null).SetProperty(x => x.CredentialsVersion, x => x.CredentialsVersion + 1),
            ct);
        await db.PermissionSetAssignments.Where(a => a.OrganisationId == OrganisationId && owned.Contains(a.UserId)).ExecuteDeleteAsync(ct);
        await db.Credentials.Where(c => c.OrganisationId == OrganisationId && owned.Contains(c.UserId) && c.Status != CredentialStatus.Archived)
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.Status, CredentialStatus.Archived).SetProperty(x => x.ArchivedAt, now), ct);
        await db.Ceremonies.Where(c => c.OrganisationId == OrganisationId && owned.Contains(c.UserId!) && c.Purpose == CeremonyPurpose.UserAction && c.SpentAt == null && !kept.Contains(c.Id))
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.ConsumedAt, x => x.ConsumedAt ?? now).SetProperty(x => x.SpentAt, now), ct);
        await db.AccessTokens.Where(t => t.OrganisationId == OrganisationId && owned.Contains(t.UserId!) && t.RevokedAt == null).ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, now), ct);
    }
}

/// <summary>
/// Ends what is open on the word of a party that is believed no more, of whomever it is, in the transaction of the act that withdraws the belief: sessions, with
/// what they asked for, and registrations and recoveries that were begun. Whoever has completed one has proven the own credentials since, and stays.
/// </summary>
/// <remarks>
/// What is opened on that word at the same moment loses, or was first and is seen here. The row of whoever vouches is locked first of all; a provider's registration holds that row,
/// and whatever is saved together with what is others' looks at it once more behind that, which waits for this: what was not seen here is ended there, before anybody has a token of it.
/// A call that a service account has signed is used up here, so that most find out as they are saved.
/// </remarks>
/// <param name="OrganisationId">Whose party it is.</param>
/// <param name="By">The id of a service account, or a provider's issuer.</param>
/// <param name="What">What of it.</param>
/// <param name="Client">Only what a provider's tokens for this client opened.</param>
internal sealed record VoucherRevocation(string OrganisationId, string By, Vouched What, string? Client = null)
{
    /// <summary>Sessions may be as many as there are users: longer than a request may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Whether it is a provider.</summary>
    public bool IsProvider { get; init; }

    /// <summary>Names the clients that a token was issued for, so that each can be looked for: none has a line break.</summary>
    public static string Clients(IEnumerable<string> clients) => $"\n{string.Join('\n', clients)}\n";

    /// <summary>Ends it, in the order of <see cref="Revocation.RunAsync"/>.</summary>
    /// <param name="db">In a transaction.</param>
    /// <param name="now">UTC.</param>
    /// <param name="kept">The ids of challenges that the act itself uses up.</param>
    /// <param name="ct">Ends the waiting.</param>
    public Task RunAsync(RegistrationDbContext db, DateTimeOffset now, IReadOnlyCollection<string> kept, CancellationToken ct) => PatientlyAsync(db, () => EndAsync(db, now, kept, ct));

    /// <summary>Does what may take longer than a request has, as what concerns as many as there are users does.</summary>
    public static async Task PatientlyAsync(RegistrationDbContext db, Func<Task> end)
    {
        var usual = db.Database.GetCommandTimeout();
        db.Database.SetCommandTimeout(Patience);
        try
        {
            await end();
        }
        finally
        {
            db.Database.SetCommandTimeout(usual);
        }
    }

    /// <summary>Ends what sessions have asked for: codes for another device, challenges, and calls that are signed.</summary>
    /// <param name="db">In a transaction.</param>
    /// <param name="organisationId">Whose.</param>
    /// <param name="sessions">Those that end, which the caller ends behind this.</param>
    /// <param name="now">UTC.</param>
    /// <param name="ct">Ends the waiting.</param>
    public static async Task EndAskedForAsync(RegistrationDbContext db, string organisationId, IQueryable<AccessToken> sessions, DateTimeOffset now, CancellationToken ct)
    {
        var users = sessions.Select(t => t.UserId);
        await db.CredentialCodes
            .Where(c => c.OrganisationId == organisationId && users.Contains(c.UserId) && c.ConsumedAt == null && sessions.Any(t => t.UserId == c.UserId && t.Id == c.SessionId))
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.ConsumedAt, now), ct);
        await db.Ceremonies
            .Where(c => c.OrganisationId == organisationId && users.Contains(c.UserId!) && (c.ConsumedAt == null || (c.Purpose == CeremonyPurpose.UserAction && c.SpentAt == null))
                && sessions.Any(t => t.UserId == c.UserId && c.BoundTo!.EndsWith(Ceremony.Session + t.Id)))
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.ConsumedAt, x => x.ConsumedAt ?? now).SetProperty(x => x.SpentAt, x => x.Purpose == CeremonyPurpose.UserAction ? now : x.SpentAt), ct);
    }

    private async Task EndAsync(RegistrationDbContext db, DateTimeOffset now, IReadOnlyCollection<string> kept, CancellationToken ct)
    {
        if (IsProvider)
        {
            await db.SocialProviders.Where(p => p.OrganisationId == OrganisationId && p.Issuer == By).ExecuteUpdateAsync(p => p.SetProperty(x => x.CreatedAt, x => x.CreatedAt), ct);
        }
        else
        {
            await db.Users.Where(u => u.OrganisationId == OrganisationId && u.Id == By).ExecuteUpdateAsync(u => u.SetProperty(x => x.CredentialsVersion, x => x.CredentialsVersion), ct);
            await db.Ceremonies
                .Where(c => c.OrganisationId == OrganisationId && c.UserId == By && c.Purpose == CeremonyPurpose.UserAction && c.ConsumedAt != null && c.SpentAt == null && !kept.Contains(c.Id))
                .ExecuteUpdateAsync(c => c.SetProperty(x => x.SpentAt, now), ct);
        }

        var sessions = db.AccessTokens.Where(t => t.OrganisationId == OrganisationId && t.VouchedBy == By && t.RevokedAt == null);
        var begun = db.Ceremonies.Where(c => c.OrganisationId == OrganisationId && c.VouchedBy == By && c.ConsumedAt == null);
        if (Client is not null)
        {
            var named = Clients([Client]);
            sessions = sessions.Where(t => t.VouchedFor!.Contains(named));
            begun = begun.Where(c => c.VouchedFor!.Contains(named));
        }

        if (What.HasFlag(Vouched.Sessions)) await EndAskedForAsync(db, OrganisationId, sessions, now, ct);

        List<CeremonyPurpose> purposes = [];
        if (What.HasFlag(Vouched.Registrations)) purposes.Add(CeremonyPurpose.Registration);
        if (What.HasFlag(Vouched.Recoveries)) purposes.Add(CeremonyPurpose.Recovery);
        if (purposes.Count > 0) await begun.Where(c => purposes.Contains(c.Purpose)).ExecuteUpdateAsync(c => c.SetProperty(x => x.ConsumedAt, now), ct);

        if (What.HasFlag(Vouched.Sessions)) await sessions.ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, now), ct);
    }
}

/// <summary>On whose word something is opened for a user.</summary>
/// <param name="By">The id of a service account, or a provider's issuer.</param>
/// <param name="For">Of a provider: for which of its clients (<see cref="VoucherRevocation.Clients"/>).</param>
internal sealed record Voucher(string By, string? For = null);

/// <summary>What somebody else's word opens for a user.</summary>
[Flags]
internal enum Vouched
{
    None = 0,
    Registrations = 1,
    Sessions = 2,
    Recoveries = 4,
    Everything = Registrations | Sessions | Recoveries,
}
