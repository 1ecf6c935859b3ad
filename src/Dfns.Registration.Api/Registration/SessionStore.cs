using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Registration;

/// <summary>Looks sessions up, those of many requests in one exchange.</summary>
internal sealed class SessionStore : IAsyncDisposable
{
    // Translated once, not each time. Pair by pair, each of which leads into the primary key.
    private readonly Func<RegistrationDbContext, int[], string[], string[], DateTimeOffset, IAsyncEnumerable<RegistrationSession>> open = EF.CompileAsyncQuery(
        (RegistrationDbContext db, int[] pairs, string[] organisationIds, string[] ids, DateTimeOffset now) => pairs.AsQueryable()
            .Join(db.Ceremonies, n => new { OrganisationId = organisationIds[n], Id = ids[n] }, c => new { c.OrganisationId, c.Id }, (_, c) => c)
            .Where(c => c.Purpose == CeremonyPurpose.Registration && c.ExpiresAt > now)
            .Join(db.Users, c => new { c.OrganisationId, Id = c.UserId! }, u => new { u.OrganisationId, u.Id }, (c, u) => new { Ceremony = c, User = u })
            // Joined by its key: asked for as the first of a sub-query, it would have every user's code numbered before one is taken.
            .LeftJoin(
                db.Codes,
                x => new { x.User.OrganisationId, UserId = x.User.Id, Purpose = CodePurpose.Registration },
                k => new { k.OrganisationId, k.UserId, k.Purpose },
                (x, code) => new RegistrationSession
                {
                    Ceremony = x.Ceremony,
                    User = x.User,
                    RelyingParty = x.User.Organisation!.RelyingParty!,
                    Code = code,
                    OtherOpen = db.Ceremonies.Where(o => o.OrganisationId == x.User.OrganisationId && o.UserId == x.User.Id && o.Id != x.Ceremony.Id
                        && o.Purpose == CeremonyPurpose.Registration && o.ConsumedAt == null).ToList(),
                })
            .AsNoTracking());

    private readonly IServiceScopeFactory scopes;
    private readonly TimeProvider clock;
    private readonly Rounds<TokenReference, RegistrationSession?> rounds;

    public SessionStore(IServiceScopeFactory scopes, TimeProvider clock)
    {
        (this.scopes, this.clock) = (scopes, clock);
        rounds = new("session", FindAsync, reference => [reference], clock);
    }

    /// <summary>Finds the session a bearer token names, completed or not, with everything that completing it touches.</summary>
    /// <returns>The session, nothing of it tracked; or null when there is none or its time is over.</returns>
    public Task<RegistrationSession?> FindAsync(TokenReference reference, CancellationToken ct) => rounds.RideAsync(reference, ct);

    public ValueTask DisposeAsync() => rounds.DisposeAsync();

    private async Task<IReadOnlyList<RegistrationSession?>> FindAsync(IReadOnlyList<TokenReference> references)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        var found = new Dictionary<TokenReference, RegistrationSession>(references.Count);
        int[] pairs = [.. Enumerable.Range(0, references.Count)];
        await foreach (var session in open(db, pairs, [.. references.Select(r => r.OrganisationId)], [.. references.Select(r => r.Id)], clock.GetUtcNow()))
            found[new TokenReference(session.Ceremony.OrganisationId, session.Ceremony.Id)] = session;
        return [.. references.Select(r => found.GetValueOrDefault(r))];
    }
}
