using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tokens;

namespace Dfns.Registration.Api.Registration;

/// <summary>Looks sessions up, for all who complete one at once.</summary>
internal sealed class SessionStore(SharedQueries queries, TimeProvider clock) : IAsyncDisposable
{
    private readonly SharedQuery<Asked, RegistrationSession> sessions = new(
        "session",
        queries,
        [
            AskedColumn<Asked>.Of("organisation_id", a => a.Session.OrganisationId),
            AskedColumn<Asked>.Of("id", a => a.Session.Id),
            AskedColumn<Asked>.Of("now", a => a.Now),
        ],
        tables =>
            $"""
            SELECT a.n, {tables.Columns<Ceremony>("c")}, {tables.Columns<User>("u")}, {tables.Columns<RelyingParty>("r")}, {tables.Columns<OneTimeCode>("m")}, {tables.Columns<Ceremony>("o")}
            FROM asked AS a
            JOIN ceremonies AS c ON c.organisation_id = a.organisation_id AND c.id = a.id AND c.purpose = 'Registration' AND c.expires_at > a.now
            JOIN users AS u ON u.organisation_id = c.organisation_id AND u.id = c.user_id
            JOIN relying_parties AS r ON r.organisation_id = u.organisation_id
            LEFT JOIN codes AS m ON m.organisation_id = u.organisation_id AND m.user_id = u.id AND m.purpose = 'Registration'
            LEFT JOIN ceremonies AS o ON o.organisation_id = u.organisation_id AND o.user_id = u.id AND o.id <> c.id AND o.purpose = 'Registration' AND o.consumed_at IS NULL
            """,
        (row, read) =>
        {
            if (read is null)
            {
                read = new RegistrationSession
                {
                    Ceremony = row.Next<Ceremony>()!,
                    User = row.Next<User>()!,
                    RelyingParty = row.Next<RelyingParty>()!,
                    Code = row.Next<OneTimeCode>(),
                    OtherOpen = [],
                };
            }
            else
            {
                row.Skip<Ceremony>();
                row.Skip<User>();
                row.Skip<RelyingParty>();
                row.Skip<OneTimeCode>();
            }

            if (row.Next<Ceremony>() is { } other) read.OtherOpen.Add(other);
            return read;
        });

    /// <summary>Finds the session a bearer token names, completed or not, with everything that completing it touches.</summary>
    /// <param name="reference">The session.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The session, nothing of it tracked; or null when there is none or its time is over.</returns>
    public Task<RegistrationSession?> FindAsync(TokenReference reference, CancellationToken ct) => sessions.AskAsync(new Asked(reference, clock.GetUtcNow()), ct);

    public ValueTask DisposeAsync() => sessions.DisposeAsync();

    private sealed record Asked(TokenReference Session, DateTimeOffset Now);
}
