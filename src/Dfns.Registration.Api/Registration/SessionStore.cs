using System.Text.Json;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Registration;

/// <summary>Looks sessions up, those of many requests in one exchange.</summary>
internal sealed class SessionStore(IServiceScopeFactory scopes, TimeProvider clock) : IAsyncDisposable
{
    private readonly Rounds<TokenReference, RegistrationSession?> rounds = new("session", references => FindAsync(references, scopes, clock.GetUtcNow()), reference => [reference], clock);

    /// <summary>Finds the session a bearer token names, completed or not, with everything that completing it touches.</summary>
    /// <returns>The session, nothing of it tracked; or null when there is none or its time is over.</returns>
    public Task<RegistrationSession?> FindAsync(TokenReference reference, CancellationToken ct) => rounds.RideAsync(reference, ct);

    public ValueTask DisposeAsync() => rounds.DisposeAsync();

    private static async Task<IReadOnlyList<RegistrationSession?>> FindAsync(IReadOnlyList<TokenReference> references, IServiceScopeFactory scopes, DateTimeOffset now)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        var found = await Named(db, references)
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
            .AsNoTracking()
            .ToListAsync();
        return [.. references.Select(r => found.Find(s => s.Ceremony.Id == r.Id && s.Ceremony.OrganisationId == r.OrganisationId))];
    }

    // By pairs, each of which leads into the primary key.
    private static IQueryable<Ceremony> Named(RegistrationDbContext db, IReadOnlyList<TokenReference> references)
    {
        if (db.Database.IsNpgsql())
        {
            return db.Ceremonies.FromSql(
                $"""
                SELECT c.* FROM unnest({references.Select(r => r.OrganisationId).ToArray()}, {references.Select(r => r.Id).ToArray()}) AS a (organisation_id, id)
                JOIN ceremonies AS c ON c.organisation_id = a.organisation_id AND c.id = a.id
                """);
        }

        var pairs = JsonSerializer.Serialize(references.Select(r => new[] { r.OrganisationId, r.Id }));
        return db.Ceremonies.FromSql(
            $"""
            SELECT c.* FROM json_each({pairs}) AS a JOIN ceremonies AS c ON c.organisation_id = a.value ->> 0 AND c.id = a.value ->> 1
            """);
    }
}
