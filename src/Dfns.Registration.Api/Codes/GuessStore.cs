using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Codes;

/// <summary>
/// Counts guesses and reads what they are compared with, in one exchange: against the address, against the address and the name, and
/// against the code, which for nobody is a decoy's. Nothing further is counted once one of the first two is used up.
/// </summary>
/// <remarks>
/// On PostgreSQL the counts are committed without waiting for the disk (<c>synchronous_commit</c>): a crash loses those of less than a
/// second, and gives an attacker so many guesses more as were under way then, at a code of 80 bits.
/// </remarks>
internal sealed class GuessStore(IServiceScopeFactory scopes, SqliteWriter writer, TimeProvider clock, IOptions<RateLimitOptions> limits) : IAsyncDisposable
{
    // $1 … $7 one array each: number, organisation, folded username, purpose, decoy, budget of the address, budget of address and name.
    // $8 now, $9 $10 when windows end that begin now, $11 $12 what the budgets hold.
    // Ordered wherever rows are locked, so that two instances do not wait for each other.
    private const string OnPostgreSql =
        """
        WITH asked AS MATERIALIZED (
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY AS a (n, organisation_id, username_folded, purpose, decoy_id, address, pair, place)
            WHERE place BETWEEN 1 AND 1000000),
        addresses AS (
            INSERT INTO attempt_budgets AS b (id, window_ends_at, used)
            SELECT a.address, $9, count(*) FROM asked AS a
            WHERE NOT EXISTS (SELECT 1 FROM attempt_budgets AS o WHERE o.id = a.address AND o.window_ends_at > $8 AND o.used >= $11)
            GROUP BY a.address ORDER BY a.address
            ON CONFLICT (id) DO UPDATE SET
                used = CASE WHEN b.window_ends_at > $8 THEN b.used + excluded.used ELSE excluded.used END,
                window_ends_at = CASE WHEN b.window_ends_at > $8 THEN b.window_ends_at ELSE excluded.window_ends_at END
            RETURNING b.id, b.window_ends_at, b.used),
        ranked AS MATERIALIZED (
            SELECT a.*, b.window_ends_at AS address_ends_at,
                b.used - count(*) OVER (PARTITION BY a.address) + row_number() OVER (PARTITION BY a.address ORDER BY a.n) AS address_used
            FROM asked AS a LEFT JOIN addresses AS b ON b.id = a.address),
        pairs AS (
            INSERT INTO attempt_budgets AS b (id, window_ends_at, used)
            SELECT r.pair, $10, 1 FROM ranked AS r WHERE r.address_used <= $11 ORDER BY r.pair
            ON CONFLICT (id) DO UPDATE SET
                used = CASE WHEN b.window_ends_at > $8 THEN b.used + 1 ELSE 1 END,
                window_ends_at = CASE WHEN b.window_ends_at > $8 THEN b.window_ends_at ELSE excluded.window_ends_at END
            RETURNING b.id, b.window_ends_at, b.used),
        found AS MATERIALIZED (
            SELECT r.n, r.purpose, r.address_used, r.address_ends_at, b.used AS pair_used, b.window_ends_at AS pair_ends_at, r.decoy_id,
                CASE WHEN k.user_id IS NOT NULL AND p.organisation_id IS NOT NULL THEN u.id END AS user_id,
                COALESCE(u.organisation_id, r.organisation_id) AS organisation_id, u.username, u.kind, u.is_active, u.registered_at, u.invitation_ends_at, p.organisation_id IS NOT NULL AS is_set_up,
                p.xmin::text AS relying_party_version
            FROM ranked AS r
            LEFT JOIN pairs AS b ON b.id = r.pair
            LEFT JOIN users AS u ON u.organisation_id = r.organisation_id AND u.username_folded = r.username_folded
            LEFT JOIN relying_parties AS p ON p.organisation_id = r.organisation_id
            LEFT JOIN codes AS k ON k.organisation_id = COALESCE(u.organisation_id, '') AND k.user_id = COALESCE(u.id, r.decoy_id) AND k.purpose = r.purpose),
        counted AS (
            UPDATE codes AS c SET failed_attempts = c.failed_attempts + 1
            FROM (
                SELECT DISTINCT CASE WHEN f.user_id IS NULL THEN '' ELSE f.organisation_id END AS organisation_id, COALESCE(f.user_id, f.decoy_id) AS user_id, f.purpose
                FROM found AS f WHERE f.pair_used <= $12 ORDER BY 1, 2, 3) AS s
            WHERE c.organisation_id = s.organisation_id AND c.user_id = s.user_id AND c.purpose = s.purpose
            RETURNING c.organisation_id, c.user_id, c.purpose, c.code_hash, c.expires_at, c.failed_attempts, c.consumed_at, c.earlier_code_hash, c.earlier_expires_at, c.earlier_failed_attempts)
        SELECT f.address_used, f.address_ends_at, f.pair_used, f.pair_ends_at, f.user_id, f.username, f.kind, f.is_active, f.registered_at, f.invitation_ends_at, f.is_set_up, f.relying_party_version,
            c.code_hash, c.expires_at, c.failed_attempts, c.consumed_at, c.earlier_code_hash, c.earlier_expires_at, c.earlier_failed_attempts
        FROM found AS f
        LEFT JOIN counted AS c ON c.organisation_id = CASE WHEN f.user_id IS NULL THEN '' ELSE f.organisation_id END AND c.user_id = COALESCE(f.user_id, f.decoy_id) AND c.purpose = f.purpose
        CROSS JOIN (SELECT set_config('synchronous_commit', 'off', true)) AS at_leisure
        ORDER BY f.n
        """;

    // Where the columns of a relying party stand: SQLite has no version of a row, and all that is in it is one.
    private const string RelyingPartyColumns = "{relying party}";

    private const string FindOnSqlite =
        $"""
        SELECT CASE WHEN k.user_id IS NOT NULL AND p.organisation_id IS NOT NULL THEN u.id END, u.username, u.kind, u.is_active, u.registered_at, u.invitation_ends_at, p.organisation_id IS NOT NULL, json_array({RelyingPartyColumns})
        FROM (SELECT 1 AS one) AS asked
        LEFT JOIN users AS u ON u.organisation_id = $1 AND u.username_folded = $2
        LEFT JOIN relying_parties AS p ON p.organisation_id = $1
        LEFT JOIN codes AS k ON k.organisation_id = COALESCE(u.organisation_id, '') AND k.user_id = COALESCE(u.id, $3) AND k.purpose = $4
        """;

    private const string CountOnSqlite =
        """
        UPDATE codes SET failed_attempts = failed_attempts + 1
        WHERE organisation_id = $1 AND user_id = $2 AND purpose = $3
        RETURNING code_hash, expires_at, failed_attempts, consumed_at, earlier_code_hash, earlier_expires_at, earlier_failed_attempts
        """;

    private static string? findOnSqlite;

    private readonly Rounds<Guess, GuessedAt> rounds = new("guess", guesses => CountAsync(guesses, scopes, writer, clock.GetUtcNow(), limits.Value), guess => guess.Touches, guess => guess.OrganisationId, clock);

    /// <summary>Counts a guess; none that is made at the same time shares a count with it.</summary>
    public Task<GuessedAt> CountAsync(Guess guess, CancellationToken ct) => rounds.RideAsync(guess, ct);

    /// <summary>Takes the count of a right guess back that opens nothing.</summary>
    public async Task ReturnAsync(CountedGuess guess, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        using var turn = await writer.TurnAsync();
        await db.ReturnAsync(guess, ct);
    }

    public ValueTask DisposeAsync() => rounds.DisposeAsync();

    private static async Task<IReadOnlyList<GuessedAt>> CountAsync(IReadOnlyList<Guess> guesses, IServiceScopeFactory scopes, SqliteWriter writer, DateTimeOffset at, RateLimitOptions limits)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        var now = at.ToUnixTimeSeconds();
        var (addressEnds, pairEnds) = (now + (long)AttemptBudgets.AddressWindow.TotalSeconds, now + (long)AttemptBudgets.UserWindow.TotalSeconds);
        if (db.Database.IsNpgsql())
        {
            return await db.ReadAsync(
                OnPostgreSql,
                [
                    Enumerable.Range(0, guesses.Count).ToArray(),
                    Each(g => g.OrganisationId), Each(g => g.UsernameFolded), Each(g => g.Purpose.ToString()), Each(g => g.DecoyId), Each(g => g.Address), Each(g => g.Pair),
                    now, addressEnds, pairEnds, (long)limits.StartsPerHour, (long)limits.AttemptsPerUser,
                ],
                row => new GuessedAt
                {
                    AddressUsed = row.OrNull<long?>(0),
                    AddressEndsAt = row.OrNull<long?>(1),
                    PairUsed = row.OrNull<long?>(2),
                    PairEndsAt = row.OrNull<long?>(3),
                    UserId = row.OrNull<string>(4),
                    Username = row.OrNull<string>(5),
                    Kind = row.OrNull<string>(6),
                    IsActive = row.OrNull<bool?>(7),
                    RegisteredAt = row.OrNull<DateTimeOffset?>(8),
                    InvitationEndsAt = row.OrNull<DateTimeOffset?>(9),
                    IsSetUp = row.OrNull<bool?>(10),
                    RelyingPartyVersion = row.OrNull<string>(11),
                    CodeHash = row.OrNull<byte[]>(12),
                    ExpiresAt = row.OrNull<DateTimeOffset?>(13),
                    FailedAttempts = row.OrNull<long?>(14),
                    ConsumedAt = row.OrNull<DateTimeOffset?>(15),
                    EarlierCodeHash = row.OrNull<byte[]>(16),
                    EarlierExpiresAt = row.OrNull<DateTimeOffset?>(17),
                    EarlierFailedAttempts = row.OrNull<long?>(18),
                });
        }

        using var transaction = await writer.BeginAsync(isDurable: false);
        var statements = transaction.Statements;
        findOnSqlite ??= FindOnSqlite.Replace(RelyingPartyColumns, string.Join(", ", RowType.Of(db.Model.FindEntityType(typeof(RelyingParty))!).Columns.Select(c => $"p.{c.Name}")), StringComparison.Ordinal);
        var counted = new List<GuessedAt>(guesses.Count);
        foreach (var guess in guesses)
        {
            var budgets = AttemptBudgetStore.Count(statements, guess.Address, addressEnds, now, limits.StartsPerHour, guess.Pair, pairEnds);
            var (address, pair) = (budgets.Find(b => b.Id.AsSpan().SequenceEqual(guess.Address)), budgets.Find(b => b.Id.AsSpan().SequenceEqual(guess.Pair)));
            counted.Add(pair?.Used <= limits.AttemptsPerUser
                ? CountOnCode(statements, guess, address!, pair)
                : new GuessedAt { AddressUsed = address?.Used, AddressEndsAt = address?.WindowEndsAt, PairUsed = pair?.Used, PairEndsAt = pair?.WindowEndsAt });
        }

        transaction.Commit();
        return counted;

        T[] Each<T>(Func<Guess, T> member) => [.. guesses.Select(member)];
    }

    // One row comes back for anybody: for nobody, the decoy's code is looked up in place of the user's.
    private static GuessedAt CountOnCode(SqliteStatements statements, Guess guess, AttemptBudget address, AttemptBudget pair)
    {
        var purpose = guess.Purpose.ToString();
        var found = statements.Read(
            findOnSqlite!,
            row => new GuessedAt
            {
                AddressUsed = address.Used,
                AddressEndsAt = address.WindowEndsAt,
                PairUsed = pair.Used,
                PairEndsAt = pair.WindowEndsAt,
                UserId = row.OrNull<string>(0),
                Username = row.OrNull<string>(1),
                Kind = row.OrNull<string>(2),
                IsActive = row.OrNull<bool?>(3),
                RegisteredAt = Instant(row, 4),
                InvitationEndsAt = Instant(row, 5),
                IsSetUp = row.GetBoolean(6),
                RelyingPartyVersion = row.GetString(7),
            },
            guess.OrganisationId, guess.UsernameFolded, guess.DecoyId, purpose)[0];
        var (organisationId, userId) = found.UserId is { } id ? (guess.OrganisationId, id) : ("", guess.DecoyId);
        var counted = statements.Read(
            CountOnSqlite,
            row => found with
            {
                CodeHash = row.GetFieldValue<byte[]>(0),
                ExpiresAt = Instant(row, 1),
                FailedAttempts = row.GetInt64(2),
                ConsumedAt = Instant(row, 3),
                EarlierCodeHash = row.OrNull<byte[]>(4),
                EarlierExpiresAt = Instant(row, 5),
                EarlierFailedAttempts = row.GetInt64(6),
            },
            organisationId, userId, purpose);
        return counted is [var code] ? code : found;
    }

    private static DateTimeOffset? Instant(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : new DateTimeOffset(row.GetInt64(column), TimeSpan.Zero);
}

/// <summary>A guess as it is taken to the database.</summary>
/// <param name="Purpose">Of the code.</param>
/// <param name="OrganisationId">As sent; need not exist.</param>
/// <param name="UsernameFolded">The form to compare, of a name that need not exist.</param>
/// <param name="DecoyId">On whose code it counts if the name is nobody's.</param>
/// <param name="Address">The budget of the address it comes from.</param>
/// <param name="Pair">The budget of that address and the name together.</param>
internal sealed record Guess(CodePurpose Purpose, string OrganisationId, string UsernameFolded, string DecoyId, byte[] Address, byte[] Pair)
{
    /// <summary>Two guesses at one code are counted one after the other.</summary>
    public IEnumerable<object> Touches => [(Purpose, OrganisationId, UsernameFolded)];
}

/// <summary>What there is to say of a guess once it is counted.</summary>
internal sealed record GuessedAt
{
    /// <summary>Requests of the address in its window, this one included; null where it had none left.</summary>
    public long? AddressUsed { get; init; }

    public long? AddressEndsAt { get; init; }

    /// <summary>Guesses at the name from that address in its window, this one included; null where the address had none left.</summary>
    public long? PairUsed { get; init; }

    public long? PairEndsAt { get; init; }

    /// <summary>The user whose code it is; null for nobody, and for whoever was never sent a code of the purpose.</summary>
    public string? UserId { get; init; }

    public string? Username { get; init; }

    public string? Kind { get; init; }

    public bool? IsActive { get; init; }

    public DateTimeOffset? RegisteredAt { get; init; }

    public DateTimeOffset? InvitationEndsAt { get; init; }

    /// <summary>Whether there is such an organisation, set up to the end.</summary>
    public bool? IsSetUp { get; init; }

    /// <summary>Changes with the relying party of the organisation; null where the database does not tell.</summary>
    public string? RelyingPartyVersion { get; init; }

    /// <summary>Of the code, or of the decoy; null where nothing was counted.</summary>
    public byte[]? CodeHash { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Guesses at the code that are not known to be right, this one included.</summary>
    public long? FailedAttempts { get; init; }

    public DateTimeOffset? ConsumedAt { get; init; }

    /// <summary>Of the code before, while it is good beside this one; else null.</summary>
    public byte[]? EarlierCodeHash { get; init; }

    public DateTimeOffset? EarlierExpiresAt { get; init; }

    /// <summary>Guesses at the code before that are to be added to <see cref="FailedAttempts"/>.</summary>
    public long? EarlierFailedAttempts { get; init; }
}
