using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>
/// Stores challenges by themselves, those of many requests in one exchange. A challenge that a code opened takes the count of its guess
/// back, and is stored only while the code is good.
/// </summary>
/// <remarks>
/// On PostgreSQL the commit does not wait for the disk (<c>synchronous_commit</c>). A crash then loses the challenges of less than a
/// second: their clients begin again, as after a challenge that ran out, and nobody gains anything. What answers a challenge is committed
/// to the disk.
/// </remarks>
internal sealed class ChallengeStore(IServiceScopeFactory scopes, SqliteWriter writer, TimeProvider clock) : IAsyncDisposable
{
    // {0} … {12} one array each; {13} now. The rows of the codes come first: whatever ends a code waits there for what it opens, or what it
    // opens waits for it and is not stored.
    private const string OnPostgreSql =
        """
        WITH asked AS MATERIALIZED (
            SELECT * FROM unnest({0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {11}, {12}) WITH ORDINALITY
                AS a (organisation_id, id, purpose, user_id, challenge, created_at, expires_at, bound_to, kept, code_purpose, code_hash, budget, budget_ends_at, place)
            WHERE place BETWEEN 1 AND 1000000),
        uncounted AS (
            UPDATE codes AS c SET failed_attempts = c.failed_attempts - 1
            FROM (SELECT * FROM asked WHERE code_purpose IS NOT NULL ORDER BY organisation_id, user_id) AS a
            WHERE c.organisation_id = a.organisation_id AND c.user_id = a.user_id AND c.purpose = a.code_purpose
                AND c.code_hash = a.code_hash AND c.consumed_at IS NULL AND c.failed_attempts > 0
            RETURNING a.id),
        returned AS (
            UPDATE attempt_budgets AS b SET used = b.used - 1
            FROM (SELECT budget, budget_ends_at FROM asked WHERE budget IS NOT NULL ORDER BY budget) AS a
            WHERE b.id = a.budget AND b.window_ends_at = a.budget_ends_at AND b.used > 0),
        dropped AS (
            DELETE FROM ceremonies AS c USING asked AS a
            WHERE c.organisation_id = a.organisation_id AND c.user_id = a.user_id AND a.kept IS NOT NULL AND c.purpose = a.purpose AND c.consumed_at IS NULL
                AND c.id NOT IN (
                    SELECT o.id FROM ceremonies AS o
                    WHERE o.organisation_id = a.organisation_id AND o.user_id = a.user_id AND o.purpose = a.purpose AND o.consumed_at IS NULL AND o.expires_at > {13}
                    ORDER BY o.created_at DESC, o.id LIMIT a.kept)),
        opened AS (
            INSERT INTO ceremonies (organisation_id, id, purpose, user_id, challenge, created_at, expires_at, bound_to)
            SELECT a.organisation_id, a.id, a.purpose, a.user_id, a.challenge, a.created_at, a.expires_at, a.bound_to
            FROM asked AS a CROSS JOIN (SELECT set_config('synchronous_commit', 'off', true)) AS at_leisure
            WHERE a.code_purpose IS NULL OR a.id IN (SELECT id FROM uncounted)
            ON CONFLICT DO NOTHING
            RETURNING organisation_id, id, user_id),
        -- Stored already, where the answer was lost on the way and the driver has sent the statement again.
        stored AS (
            SELECT organisation_id, id, user_id FROM opened
            UNION ALL
            SELECT c.organisation_id, c.id, c.user_id FROM asked AS a JOIN ceremonies AS c ON c.organisation_id = a.organisation_id AND c.id = a.id)

        """;

    private static readonly string IdsByPosition = Statements.ByPosition(OnPostgreSql + "SELECT id FROM stored", 14);

    private const string DropOnSqlite =
        """
        DELETE FROM ceremonies
        WHERE organisation_id = $1 AND user_id = $2 AND purpose = $3 AND consumed_at IS NULL AND id NOT IN (
            SELECT id FROM ceremonies WHERE organisation_id = $1 AND user_id = $2 AND purpose = $3 AND consumed_at IS NULL AND expires_at > $4
            ORDER BY created_at DESC, id LIMIT $5)
        """;

    private const string CredentialsOfThem =
        """
        SELECT c.* FROM stored AS o JOIN credentials AS c ON c.organisation_id = o.organisation_id AND c.user_id = o.user_id
        WHERE c.status = 'Active' AND c.slot <> 'Recovery'
        """;

    private readonly Rounds<Opening, bool> rounds = new("challenge", openings => OpenAsync(openings, scopes, writer, clock.GetUtcNow()), opening => opening.Touches, clock);

    /// <summary>Stores a challenge.</summary>
    /// <param name="challenge">New, of nobody or of a user who is stored.</param>
    /// <param name="ct">Ends the waiting; nothing is stored then.</param>
    public Task OpenAsync(Ceremony challenge, CancellationToken ct) => rounds.RideAsync(new Opening(challenge, Kept: null, Guess: null), ct);

    /// <summary>Stores a challenge of which a user has a few at a time.</summary>
    /// <param name="challenge">New, of a user who is stored.</param>
    /// <param name="kept">Of the user's other open challenges of the purpose as many stay, the latest.</param>
    /// <param name="ct">Ends the waiting; nothing is stored then.</param>
    public Task OpenAsync(Ceremony challenge, int kept, CancellationToken ct) => rounds.RideAsync(new Opening(challenge, kept, Guess: null), ct);

    /// <summary>Stores a challenge that a code opened.</summary>
    /// <param name="challenge">New, of the code's user.</param>
    /// <param name="kept">Of the user's other open challenges of the purpose as many stay, the latest; null for all.</param>
    /// <param name="guess">The guess that was right.</param>
    /// <param name="ct">Ends the waiting; nothing is stored then.</param>
    /// <returns>False where the code was spent or replaced since; then nothing is stored.</returns>
    public Task<bool> OpenAsync(Ceremony challenge, int? kept, CountedGuess guess, CancellationToken ct) => rounds.RideAsync(new Opening(challenge, kept, guess), ct);

    /// <summary>Stores a challenge that a code opened, and reads the credentials that its user can sign with, by itself.</summary>
    /// <param name="challenge">New, of the code's user.</param>
    /// <param name="guess">The guess that was right.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>All that are active but recovery keys, not tracked; null where the code was spent or replaced since.</returns>
    public async Task<IReadOnlyList<Credential>?> OpenAndReadAsync(Ceremony challenge, CountedGuess guess, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        var opening = new Opening(challenge, Kept: null, guess);
        if (db.Database.IsNpgsql())
        {
            // A registered user has such a credential always: none was read because nothing was stored.
            var read = await db.Credentials.FromSqlRaw(OnPostgreSql + CredentialsOfThem, Parameters([opening], clock.GetUtcNow())).AsNoTracking().ToListAsync(ct);
            return read.Count == 0 ? null : read;
        }

        return (await OpenAsync([opening], scopes, writer, clock.GetUtcNow()))[0]
            ? await db.Credentials.AsNoTracking()
                .Where(c => c.OrganisationId == challenge.OrganisationId && c.UserId == challenge.UserId && c.Status == CredentialStatus.Active && c.Slot != CredentialSlot.Recovery)
                .ToListAsync(ct)
            : null;
    }

    public ValueTask DisposeAsync() => rounds.DisposeAsync();

    private static async Task<IReadOnlyList<bool>> OpenAsync(IReadOnlyList<Opening> openings, IServiceScopeFactory scopes, SqliteWriter writer, DateTimeOffset now)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        if (db.Database.IsNpgsql())
        {
            var stored = await db.ReadAsync(IdsByPosition, Parameters(openings, now), row => row.GetString(0));
            return [.. openings.Select(o => stored.Contains(o.Row.Id))];
        }

        using var transaction = await writer.BeginAsync(isDurable: false);
        var statements = transaction.Statements;
        var type = RowType.Of(db.Model.FindEntityType(typeof(Ceremony))!);
        var opened = openings.Select(opening => TryDrop(statements, opening, now)).ToList();
        RowSave.Try(statements, openings.Where((_, n) => opened[n]).Select(o => ChangedRow.Added(type, o.Row)));
        transaction.Commit();
        return opened;
    }

    private static object[] Parameters(IReadOnlyList<Opening> openings, DateTimeOffset now)
    {
        return
        [
            Each(o => o.Row.OrganisationId), Each(o => o.Row.Id), Each(o => o.Row.Purpose.ToString()), Each(o => o.Row.UserId), Each(o => o.Row.Challenge),
            Each(o => o.Row.CreatedAt), Each(o => o.Row.ExpiresAt), Each(o => o.Row.BoundTo), Each(o => o.Kept),
            Each(o => o.Guess?.Purpose.ToString()), Each(o => o.Guess?.CodeHash), Each(o => o.Guess?.Budget), Each(o => o.Guess?.BudgetEndsAt), now,
        ];

        T[] Each<T>(Func<Opening, T> member) => [.. openings.Select(member)];
    }

    private static bool TryDrop(SqliteStatements statements, Opening opening, DateTimeOffset now)
    {
        if (opening.Guess is { } guess && !statements.Return(guess)) return false;
        var row = opening.Row;
        if (opening.Kept is { } kept) statements.Run(DropOnSqlite, row.OrganisationId, row.UserId, row.Purpose.ToString(), now.UtcTicks, kept);
        return true;
    }

    /// <summary>A challenge to store.</summary>
    private sealed record Opening(Ceremony Row, int? Kept, CountedGuess? Guess)
    {
        /// <summary>Those of a user that drop each other, or that take back from one count, are stored one after the other.</summary>
        public IEnumerable<object> Touches => Kept is null && Guess is null ? [] : [(Row.OrganisationId, Row.UserId, Row.Purpose)];
    }
}
