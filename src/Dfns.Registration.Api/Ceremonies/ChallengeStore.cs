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
    // {0} … {13} one array each; {14} now; {15} how many there may be in all. The rows of the codes come first: whatever ends a code waits there for what it opens, or what it
    // opens waits for it and is not stored.
    private const string OnPostgreSql =
        """
        WITH sent AS MATERIALIZED (
            SELECT * FROM unnest({0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {11}, {12}, {13}) WITH ORDINALITY
                AS a (organisation_id, id, purpose, user_id, challenge, created_at, expires_at, bound_to, kept, code_purpose, code_hash, budget, budget_ends_at, relying_party_id, place)
            WHERE place BETWEEN 1 AND 1000000),
        -- Not those that are stored already, where the answer was lost on the way and the driver has sent the statement again.
        asked AS MATERIALIZED (
            SELECT * FROM sent AS s WHERE NOT EXISTS (SELECT 1 FROM ceremonies AS c WHERE c.organisation_id = s.organisation_id AND c.id = s.id)),
        uncounted AS (
            UPDATE codes AS c SET failed_attempts = c.failed_attempts - 1
            FROM (SELECT * FROM asked WHERE code_purpose IS NOT NULL ORDER BY organisation_id, user_id) AS a
            WHERE c.organisation_id = a.organisation_id AND c.user_id = a.user_id AND c.purpose = a.code_purpose
                AND (c.code_hash = a.code_hash OR c.earlier_code_hash = a.code_hash) AND c.consumed_at IS NULL AND c.failed_attempts > 0
            RETURNING a.id),
        returned AS (
            UPDATE attempt_budgets AS b SET used = b.used - 1
            FROM (SELECT budget, budget_ends_at FROM asked WHERE budget IS NOT NULL ORDER BY budget) AS a
            WHERE b.id = a.budget AND b.window_ends_at = a.budget_ends_at AND b.used > 0),
        earlier AS (
            SELECT c.organisation_id, c.id, a.kept, c.consumed_at IS NULL AND c.expires_at > {14} AS is_open,
                row_number() OVER (PARTITION BY a.place ORDER BY c.created_at DESC, c.id) AS of_all,
                row_number() OVER (PARTITION BY a.place, c.consumed_at IS NULL AND c.expires_at > {14} ORDER BY c.created_at DESC, c.id) AS of_open
            FROM asked AS a
            JOIN ceremonies AS c ON c.organisation_id = a.organisation_id AND c.user_id = a.user_id AND c.purpose = a.purpose AND (a.purpose <> 'Login' OR c.bound_to = a.bound_to)
            WHERE a.kept IS NOT NULL),
        dropped AS (
            DELETE FROM ceremonies AS c USING earlier AS e
            WHERE c.organisation_id = e.organisation_id AND c.id = e.id
                AND (e.of_all >= {15} OR (c.consumed_at IS NULL AND NOT (e.is_open AND e.of_open <= e.kept)))
            RETURNING c.organisation_id, c.id, c.purpose),
        -- What proves a call that can be made no more: else there would be as many of those as somebody signs.
        forgotten AS (
            DELETE FROM signed_actions AS s USING dropped AS d
            WHERE d.purpose = 'UserAction' AND s.organisation_id = d.organisation_id AND s.id = d.id AND s.performed_at IS NULL),
        opened AS (
            INSERT INTO ceremonies (organisation_id, id, purpose, user_id, challenge, created_at, expires_at, bound_to, relying_party_id)
            SELECT a.organisation_id, a.id, a.purpose, a.user_id, a.challenge, a.created_at, a.expires_at, a.bound_to, a.relying_party_id
            FROM asked AS a CROSS JOIN (SELECT set_config('synchronous_commit', 'off', true)) AS at_leisure
            WHERE a.code_purpose IS NULL OR a.id IN (SELECT id FROM uncounted)
            ON CONFLICT DO NOTHING
            RETURNING organisation_id, id, user_id),
        stored AS (
            SELECT organisation_id, id, user_id FROM opened
            UNION ALL
            SELECT c.organisation_id, c.id, c.user_id FROM sent AS s JOIN ceremonies AS c ON c.organisation_id = s.organisation_id AND c.id = s.id)

        """;

    private static readonly string IdsByPosition = Statements.ByPosition(OnPostgreSql + "SELECT id FROM stored", 16);

    private static readonly string CredentialsByPosition = Statements.ByPosition(
        OnPostgreSql
        + $"""
        , signing AS ({SigningCredential.Query("(SELECT organisation_id, id AS n, user_id FROM stored)")})
        SELECT o.id, {SigningCredential.ColumnsWithPrivateKeys}
        FROM stored AS o
        LEFT JOIN signing AS s ON s.n = o.id AND {SigningCredential.IsNamed}
        {SigningCredential.PrivateKeys}
        ORDER BY o.id, {SigningCredential.Order}
        """,
        16);

    private const string DroppedOnSqlite =
        """
        organisation_id = $1 AND id IN (
            SELECT id FROM (
                SELECT id, consumed_at, consumed_at IS NULL AND expires_at > $4 AS is_open, row_number() OVER (ORDER BY created_at DESC, id) AS of_all,
                    row_number() OVER (PARTITION BY consumed_at IS NULL AND expires_at > $4 ORDER BY created_at DESC, id) AS of_open
                FROM ceremonies WHERE organisation_id = $1 AND user_id = $2 AND purpose = $3 AND ($3 <> 'Login' OR bound_to = $6)) AS earlier
            WHERE of_all >= $7 OR (consumed_at IS NULL AND NOT (is_open AND of_open <= $5)))
        """;

    private const string DropOnSqlite = "DELETE FROM ceremonies WHERE " + DroppedOnSqlite;

    private const string ForgetOnSqlite = "DELETE FROM signed_actions WHERE performed_at IS NULL AND " + DroppedOnSqlite;

    private static readonly string CredentialsOnSqlite =
        $"""
        WITH signing AS ({SigningCredential.Query("(SELECT 1 AS n, $1 AS organisation_id, $2 AS user_id)")})
        SELECT 1, {SigningCredential.ColumnsWithPrivateKeys} FROM signing AS s {SigningCredential.PrivateKeys} WHERE {SigningCredential.IsNamed} ORDER BY {SigningCredential.Order}
        """;

    private readonly Rounds<Opening, bool> rounds = new("challenge", openings => OpenAsync(openings, scopes, writer, clock.GetUtcNow()), opening => opening.Touches, opening => opening.Row.OrganisationId, clock);
    private readonly Rounds<Opening, IReadOnlyList<SigningCredential>?> reading = new("login code", openings => OpenAndReadAsync(openings, scopes, writer, clock.GetUtcNow()), opening => opening.Touches, opening => opening.Row.OrganisationId, clock);

    /// <summary>Stores a challenge.</summary>
    /// <param name="challenge">New, of nobody or of a user who is stored.</param>
    /// <param name="ct">Ends the waiting; nothing is stored then.</param>
    public Task OpenAsync(Ceremony challenge, CancellationToken ct) => rounds.RideAsync(new Opening(challenge, Kept: null, Guess: null), ct);

    /// <summary>Stores a challenge of which a user has a few at a time, and <see cref="UserRows.Most"/> in all.</summary>
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

    /// <summary>Stores a challenge that a code opened, and reads the credentials that its user can sign with.</summary>
    /// <param name="challenge">New, of the code's user.</param>
    /// <param name="kept">Of the user's other open challenges of the purpose that a code opened as many stay, the latest.</param>
    /// <param name="guess">The guess that was right.</param>
    /// <param name="ct">Ends the waiting; nothing is stored then.</param>
    /// <returns>The credentials with their encrypted private keys; null where the code was spent or replaced since.</returns>
    public Task<IReadOnlyList<SigningCredential>?> OpenAndReadAsync(Ceremony challenge, int kept, CountedGuess guess, CancellationToken ct) =>
        reading.RideAsync(new Opening(challenge, kept, guess), ct);

    public async ValueTask DisposeAsync()
    {
        await rounds.DisposeAsync();
        await reading.DisposeAsync();
    }

    private static async Task<IReadOnlyList<IReadOnlyList<SigningCredential>?>> OpenAndReadAsync(IReadOnlyList<Opening> openings, IServiceScopeFactory scopes, SqliteWriter writer, DateTimeOffset now)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        if (db.Database.IsNpgsql())
        {
            var read = (await db.ReadAsync(CredentialsByPosition, Parameters(openings, now), row => (Id: row.GetString(0), Credential: SigningCredential.Read(new AnswerRow(row, db.Model))))).ToLookup(r => r.Id, r => r.Credential);
            return [.. openings.Select(o => read.Contains(o.Row.Id) ? read[o.Row.Id].OfType<SigningCredential>().ToList() : null)];
        }

        using var transaction = await writer.BeginAsync(isDurable: false);
        var opened = Open(transaction.Statements, db, openings, now);
        List<IReadOnlyList<SigningCredential>?> credentials =
        [
            .. openings.Select((o, n) => opened[n]
                ? transaction.Statements.Read(CredentialsOnSqlite, row => SigningCredential.Read(new AnswerRow(row, db.Model))!, o.Row.OrganisationId, o.Row.UserId)
                : null),
        ];
        transaction.Commit();
        return credentials;
    }

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
        var opened = Open(transaction.Statements, db, openings, now);
        transaction.Commit();
        return opened;
    }

    private static List<bool> Open(SqliteStatements statements, RegistrationDbContext db, IReadOnlyList<Opening> openings, DateTimeOffset now)
    {
        var type = RowType.Of(db.Model.FindEntityType(typeof(Ceremony))!);
        var opened = openings.Select(opening => TryDrop(statements, opening, now)).ToList();
        RowSave.Try(statements, openings.Where((_, n) => opened[n]).Select(o => ChangedRow.Added(type, o.Row)));
        return opened;
    }

    private static object[] Parameters(IReadOnlyList<Opening> openings, DateTimeOffset now)
    {
        return
        [
            Each(o => o.Row.OrganisationId), Each(o => o.Row.Id), Each(o => o.Row.Purpose.ToString()), Each(o => o.Row.UserId), Each(o => o.Row.Challenge),
            Each(o => o.Row.CreatedAt), Each(o => o.Row.ExpiresAt), Each(o => o.Row.BoundTo), Each(o => o.Kept),
            Each(o => o.Guess?.Purpose.ToString()), Each(o => o.Guess?.CodeHash), Each(o => o.Guess?.Budget), Each(o => o.Guess?.BudgetEndsAt), Each(o => o.Row.RelyingPartyId), now, UserRows.Most,
        ];

        T[] Each<T>(Func<Opening, T> member) => [.. openings.Select(member)];
    }

    private static bool TryDrop(SqliteStatements statements, Opening opening, DateTimeOffset now)
    {
        if (opening.Guess is { } guess && !statements.Return(guess)) return false;
        var row = opening.Row;
        if (opening.Kept is not { } kept) return true;
        object?[] which = [row.OrganisationId, row.UserId, row.Purpose.ToString(), now.UtcTicks, kept, row.BoundTo, UserRows.Most];
        if (row.Purpose == CeremonyPurpose.UserAction) statements.Run(ForgetOnSqlite, which);
        statements.Run(DropOnSqlite, which);
        return true;
    }

    /// <summary>A challenge to store.</summary>
    private sealed record Opening(Ceremony Row, int? Kept, CountedGuess? Guess)
    {
        /// <summary>Those of a user that drop each other, or that take back from one count, are stored one after the other.</summary>
        public IEnumerable<object> Touches => Kept is null && Guess is null ? [] : [(Row.OrganisationId, Row.UserId, Row.Purpose)];
    }
}
