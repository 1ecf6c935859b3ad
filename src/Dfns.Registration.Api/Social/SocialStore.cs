using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Social;

/// <summary>The providers whose ID tokens organisations accept, and the users behind the identities.</summary>
internal sealed class SocialStore(RegistrationDbContext db, Changes changes, UserStore users, Audit audit, TimeProvider clock)
{
    /// <summary>A stranger writes as many as fit into a token, and each is a condition.</summary>
    private const int MostAudiences = 4;

    // On SQLite nobody else writes while a transaction does.
    private const string FindProvider = "SELECT * FROM social_providers WHERE organisation_id = {0} AND issuer = {1}";
    private const string HoldProvider = FindProvider + " FOR SHARE";

    /// <summary>The providers that an organisation accepts: none where it is not there, or not set up to the end.</summary>
    public Task<List<SocialProvider>> AcceptedAsync(string organisationId, CancellationToken ct) =>
        db.SocialProviders.AsNoTracking().Where(p => p.OrganisationId == organisationId && p.Organisation!.RelyingParty != null).ToListAsync(ct);

    /// <summary>The provider of the one organisation that accepts tokens of an issuer for an audience.</summary>
    /// <param name="issuer">As the token names it.</param>
    /// <param name="audiences">Likewise; the first of them are looked for.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>Null where no organisation does, or more than one.</returns>
    public async Task<SocialProvider?> FindOnlyAcceptingAsync(string issuer, IReadOnlyList<string> audiences, CancellationToken ct)
    {
        // Whoever makes a token up may write U+0000 into it, which no provider has, and PostgreSQL fails over.
        if (audiences.Count == 0 || audiences.Append(issuer).Any(text => text.Contains('\0', StringComparison.Ordinal))) return null;
        var accepting = db.SocialProviders.AsNoTracking().Where(p => p.Issuer == issuer && p.Organisation!.RelyingParty != null);
        foreach (var audience in audiences.Take(MostAudiences)) accepting = accepting.Where(p => p.ClientIds.Contains(audience));
        return await accepting.OrderBy(p => p.OrganisationId).Take(2).ToListAsync(ct) is [var only] ? only : null;
    }

    /// <summary>The providers of an organisation, by issuer.</summary>
    public Task<List<SocialProvider>> ListProvidersAsync(string organisationId, CancellationToken ct) =>
        db.SocialProviders.AsNoTracking().Where(p => p.OrganisationId == organisationId).OrderBy(p => p.Issuer).ToListAsync(ct);

    /// <summary>Finds a provider, tracked, or adds one that accepts nothing yet. The caller saves.</summary>
    public async Task<SocialProvider> FindOrAddProviderAsync(string organisationId, string issuer, CancellationToken ct)
    {
        if (await FindProviderAsync(organisationId, issuer, ct) is { } found) return found;
        var provider = new SocialProvider { OrganisationId = organisationId, Issuer = issuer, ClientIds = [], Algorithms = [], CreatedAt = clock.GetUtcNow() };
        db.SocialProviders.Add(provider);
        return provider;
    }

    /// <summary>Finds a provider, tracked.</summary>
    public Task<SocialProvider?> FindProviderAsync(string organisationId, string issuer, CancellationToken ct) =>
        db.SocialProviders.SingleOrDefaultAsync(p => p.OrganisationId == organisationId && p.Issuer == issuer, ct);

    /// <summary>How many users who are registered came from a provider.</summary>
    public Task<int> CountUsersAsync(SocialProvider provider, CancellationToken ct) =>
        db.SocialAccounts.CountAsync(a => a.OrganisationId == provider.OrganisationId && a.Issuer == provider.Issuer && a.User!.RegisteredAt != null && a.User.ArchivedAt == null, ct);

    /// <summary>Removes a provider; its users stay, and what is open on its word ends. The caller saves.</summary>
    public void Remove(SocialProvider provider)
    {
        changes.EndVouched(provider, client: null);
        db.SocialProviders.Remove(provider);
    }

    /// <summary>
    /// Has what is open end on the word of a provider that takes fewer clients or algorithms than before: what tokens for those clients opened; and everything where an algorithm
    /// is gone, since none of it tells by which its token was signed. The caller saves.
    /// </summary>
    /// <param name="provider">As it is to be.</param>
    /// <param name="taken">The client ids and algorithms that it had.</param>
    public void EndTaken(SocialProvider provider, IReadOnlyCollection<string> taken)
    {
        if (taken.Intersect(SocialProviderRules.SupportedAlgorithms, StringComparer.Ordinal).Any()) changes.EndVouched(provider, client: null);
        else foreach (var client in taken) changes.EndVouched(provider, client);
    }

    /// <summary>
    /// Looks once more whether a token is still taken. Within a transaction it is then until the end of that: whoever changes the provider waits, and sees what was opened. After
    /// it, whoever was changing the provider is waited for, and what they could not see is ended by the caller.
    /// </summary>
    /// <returns>Null, or what is wrong with the token by now.</returns>
    public async Task<ApiError?> NoLongerTakenAsync(SocialIdentity identity, CancellationToken ct)
    {
        var provider = await db.SocialProviders
            .FromSqlRaw(db.Database.IsNpgsql() ? HoldProvider : FindProvider, identity.OrganisationId, identity.Issuer)
            .AsNoTracking().ToListAsync(ct);
        return identity.FaultOf(provider.SingleOrDefault());
    }

    /// <summary>Finds the user of an identity.</summary>
    /// <returns>The user's id; null when the identity has no user yet, or none any more.</returns>
    public Task<string?> FindUserAsync(SocialIdentity identity, CancellationToken ct) => Of(identity).Where(a => a.User!.ArchivedAt == null).Select(a => a.UserId).SingleOrDefaultAsync(ct);

    /// <summary>
    /// Finds the user of an identity, or creates one. A user who has the name already and came another way is somebody else, as far as
    /// can be known: an e-mail address joins nobody to anybody. Of two at once for a new identity, both get the one user.
    /// </summary>
    /// <returns>
    /// The user's id; or <see cref="ErrorCatalog.UserAlreadyExists"/> when the name is taken, <see cref="ErrorCatalog.UsernameMixesScripts"/> when the
    /// organisation takes no new user of that name, or <see cref="ErrorCatalog.IdTokenRevoked"/> when an earlier user of the identity was deleted since the
    /// token was issued.
    /// </returns>
    public async Task<Checked<string>> FindOrCreateUserAsync(SocialIdentity identity, string? remoteAddress, CancellationToken ct)
    {
        if (await FindUserAsync(identity, ct) is { } known) return known;
        var earlier = await Of(identity).Include(a => a.User).SingleOrDefaultAsync(ct);
        if (earlier is not null && identity.FaultOf(earlier.User!) is { } revoked) return revoked;

        var relyingParty = await db.RelyingParties.AsNoTracking().SingleAsync(r => r.OrganisationId == identity.OrganisationId, ct);
        if (users.Add(relyingParty, identity.Username, UserKind.EndUser).Failed(out var error, out var user)) return error;
        if (earlier is not null) (earlier.UserId, earlier.CreatedAt) = (user.Id, clock.GetUtcNow());
        else
        {
            db.SocialAccounts.Add(new SocialAccount
            {
                OrganisationId = identity.OrganisationId,
                Issuer = identity.Issuer,
                Subject = identity.Subject,
                UserId = user.Id,
                CreatedAt = clock.GetUtcNow(),
            });
        }

        audit.Know(relyingParty);
        audit.Add(identity.OrganisationId, AuditActions.SocialUserCreated, user.Id, user.Id, remoteAddress, identity.Issuer, told: EventData.Of(user));
        try
        {
            await db.SaveChangesAsync(ct);
            audit.Saved();
            return user.Id;
        }
        catch (DbUpdateException e) when (UniqueViolation.IsLostRace(e))
        {
            db.ChangeTracker.Clear();
            if (await FindUserAsync(identity, ct) is { } winner) return winner;
            return ErrorCatalog.UserAlreadyExists with { Reason = "name of another user" };
        }
    }

    private IQueryable<SocialAccount> Of(SocialIdentity identity) =>
        db.SocialAccounts.Where(a => a.OrganisationId == identity.OrganisationId && a.Issuer == identity.Issuer && a.Subject == identity.Subject);
}
