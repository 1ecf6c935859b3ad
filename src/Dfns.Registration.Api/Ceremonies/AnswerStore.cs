using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>Everything that the answer to a challenge is held against, in one look-up.</summary>
internal sealed class AnswerStore(RegistrationDbContext db, AccessTokenStore tokens, Changes changes)
{
    /// <summary>Finds a challenge that may be answered now, and with what.</summary>
    /// <param name="reference">The challenge.</param>
    /// <param name="credentialId">The id of the first factor, as sent: it tells whose answer it is where the challenge does not.</param>
    /// <param name="now">UTC.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The challenge, nothing of it tracked; or null.</returns>
    public async Task<AnswerableChallenge?> FindAsync(TokenReference reference, byte[] credentialId, DateTimeOffset now, CancellationToken ct)
    {
        var (credentials, codes, alike) = (Credentials(reference, credentialId), Codes(reference), Alike(reference));
        var rows = await Open(reference, now)
            .Join(db.RelyingParties, c => c.OrganisationId, r => r.OrganisationId, (c, r) => new { Ceremony = c, RelyingParty = r })
            .SelectMany(x => credentials.DefaultIfEmpty(), (x, k) => new { x.Ceremony, x.RelyingParty, Credential = k })
            .SelectMany(x => codes.DefaultIfEmpty(), (x, c) => new { x.Ceremony, x.RelyingParty, x.Credential, Code = c })
            .SelectMany(x => alike.DefaultIfEmpty(), (x, a) => new { x.Ceremony, x.RelyingParty, x.Credential, x.Credential!.User, x.Code, Alike = a })
            .AsNoTrackingWithIdentityResolution()
            .ToListAsync(ct);
        return rows is not [var first, ..]
            ? null
            : new AnswerableChallenge(
                first.Ceremony, first.RelyingParty, [.. rows.Select(r => r.Credential).OfType<Credential>().Distinct()], first.User, first.Code, [.. rows.Select(r => r.Alike).OfType<Ceremony>().Distinct()]);
    }

    /// <summary>The same for a challenge of a caller, together with the caller.</summary>
    /// <param name="token">The caller's token.</param>
    /// <param name="reference">The challenge.</param>
    /// <param name="credentialId">The id of the first factor, as sent.</param>
    /// <param name="now">UTC.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The caller, or null where the token is good no longer; and the challenge, or null, nothing of it tracked.</returns>
    public async Task<(Caller? Caller, AnswerableChallenge? Challenge)> FindAsync(TokenReference token, TokenReference reference, byte[] credentialId, DateTimeOffset now, CancellationToken ct)
    {
        var (open, credentials) = (Open(reference, now).Where(c => c.OrganisationId == token.OrganisationId), Credentials(reference, credentialId));
        var rows = await tokens.Live(token, now)
            .SelectMany(t => open.DefaultIfEmpty(), (t, c) => new { t.Token, t.User, t.RelyingParty, Ceremony = c })
            .SelectMany(x => credentials.DefaultIfEmpty(), (x, k) => new { x.Token, x.User, x.RelyingParty, x.Ceremony, Credential = k })
            .AsNoTrackingWithIdentityResolution()
            .ToListAsync(ct);
        if (rows is not [var first, ..]) return (null, null);
        var caller = new Caller(first.User, first.Token, first.RelyingParty);
        return (caller, first.Ceremony is null
            ? null
            : new AnswerableChallenge(first.Ceremony, first.RelyingParty, [.. rows.Select(r => r.Credential).OfType<Credential>()], first.User, Code: null, Alike: []));
    }

    /// <summary>Tracks what an answer that is proven changes. Before that nothing is: keeping track takes time, which would tell at a forged answer that there is such a user.</summary>
    public void Track(AnswerableChallenge answered)
    {
        changes.Watch(answered.Ceremony);
        if (answered.Code is { } code) changes.Watch(code);
        foreach (var other in answered.Alike) changes.Watch(other);
    }

    /// <summary>Notes that a credential has signed; it is tracked from here on. The caller saves.</summary>
    public void MarkUsed(Credential credential, DateTimeOffset now)
    {
        // Written even if another use had the same instant: the write is what finds a credential that was ended meanwhile.
        changes.Watch(credential, nameof(Credential.UsedAt));
        credential.UsedAt = now;
    }

    private IQueryable<Ceremony> Open(TokenReference reference, DateTimeOffset now) =>
        db.Ceremonies.Where(c => c.OrganisationId == reference.OrganisationId && c.Id == reference.Id && c.ConsumedAt == null && c.ExpiresAt > now);

    // The active credentials of the challenge's user, or else of the user of the first factor. In nobody's place no more is read than there
    // was at first: whoever adds to it would see by the time whose place it is.
    private IQueryable<Credential> Credentials(TokenReference reference, byte[] credentialId) => db.Credentials.FromSql(
        $"""
        SELECT k.* FROM ceremonies AS c
        JOIN credentials AS k ON k.organisation_id = c.organisation_id AND k.status = 'Active' AND k.user_id = COALESCE(c.user_id, (
            SELECT o.user_id FROM credentials AS o WHERE o.organisation_id = c.organisation_id AND o.credential_id = {credentialId} AND o.status = 'Active'))
        WHERE c.organisation_id = {reference.OrganisationId} AND c.id = {reference.Id} AND (c.purpose <> 'LoginOfNobody' OR k.created_at <= c.created_at)
        """);

    // The login code that opened the challenge, where one did.
    private IQueryable<OneTimeCode> Codes(TokenReference reference) => db.Codes.FromSql(
        $"""
        SELECT k.* FROM ceremonies AS c JOIN codes AS k ON k.organisation_id = c.organisation_id AND k.user_id = c.user_id AND k.purpose = 'Login'
        WHERE c.organisation_id = {reference.OrganisationId} AND c.id = {reference.Id} AND c.bound_to = {Ceremony.ByLoginCode}
        """);

    // The other open challenges that it opened.
    private IQueryable<Ceremony> Alike(TokenReference reference) => db.Ceremonies.FromSql(
        $"""
        SELECT o.* FROM ceremonies AS c JOIN ceremonies AS o
            ON o.organisation_id = c.organisation_id AND o.user_id = c.user_id AND o.id <> c.id AND o.purpose = c.purpose AND o.bound_to = c.bound_to AND o.consumed_at IS NULL
        WHERE c.organisation_id = {reference.OrganisationId} AND c.id = {reference.Id} AND c.bound_to = {Ceremony.ByLoginCode}
        """);
}

/// <summary>A challenge that may be answered, as it is stored.</summary>
/// <param name="Ceremony">The challenge.</param>
/// <param name="RelyingParty">Of its organisation: what it demands of the answer.</param>
/// <param name="Credentials">The active ones of whoever may answer; of a sign-in of nobody those of somebody else.</param>
/// <param name="User">Whose they are; null where there are none.</param>
/// <param name="Code">The login code that opened it, where one did.</param>
/// <param name="Alike">The other open challenges that it opened.</param>
internal sealed record AnswerableChallenge(
    Ceremony Ceremony, RelyingParty RelyingParty, IReadOnlyList<Credential> Credentials, User? User, OneTimeCode? Code, IReadOnlyList<Ceremony> Alike)
{
    /// <summary>Spends the code that opened it, if one did, and closes the other challenges that it opened. The caller saves.</summary>
    public void SpendCode(DateTimeOffset now)
    {
        Code?.Consume(now);
        foreach (var other in Alike) other.ConsumedAt = now;
    }
}
