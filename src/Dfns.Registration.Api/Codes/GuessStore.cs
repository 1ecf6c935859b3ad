using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Throttling;
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
    // {0} … {6} one array each: number, organisation, folded username, purpose, decoy, budget of the address, budget of address and name.
    // {7} now, {8} {9} when windows end that begin now, {10} {11} what the budgets hold.
    // Ordered wherever rows are locked, so that two instances do not wait for each other.
    private const string OnPostgreSql =
        """
        WITH asked AS MATERIALIZED (
            SELECT * FROM unnest({0}, {1}, {2}, {3}, {4}, {5}, {6}) AS a (n, organisation_id, username_folded, purpose, decoy_id, address, pair)),
        addresses AS (
            INSERT INTO attempt_budgets AS b (id, window_ends_at, used)
            SELECT a.address, {8}, count(*) FROM asked AS a
            WHERE NOT EXISTS (SELECT 1 FROM attempt_budgets AS o WHERE o.id = a.address AND o.window_ends_at > {7} AND o.used >= {10})
            GROUP BY a.address ORDER BY a.address
            ON CONFLICT (id) DO UPDATE SET
                used = CASE WHEN b.window_ends_at > {7} THEN b.used + excluded.used ELSE excluded.used END,
                window_ends_at = CASE WHEN b.window_ends_at > {7} THEN b.window_ends_at ELSE excluded.window_ends_at END
            RETURNING b.id, b.window_ends_at, b.used),
        ranked AS MATERIALIZED (
            SELECT a.*, b.window_ends_at AS address_ends_at,
                b.used - count(*) OVER (PARTITION BY a.address) + row_number() OVER (PARTITION BY a.address ORDER BY a.n) AS address_used
            FROM asked AS a LEFT JOIN addresses AS b ON b.id = a.address),
        pairs AS (
            INSERT INTO attempt_budgets AS b (id, window_ends_at, used)
            SELECT r.pair, {9}, 1 FROM ranked AS r WHERE r.address_used <= {10} ORDER BY r.pair
            ON CONFLICT (id) DO UPDATE SET
                used = CASE WHEN b.window_ends_at > {7} THEN b.used + 1 ELSE 1 END,
                window_ends_at = CASE WHEN b.window_ends_at > {7} THEN b.window_ends_at ELSE excluded.window_ends_at END
            RETURNING b.id, b.window_ends_at, b.used),
        found AS MATERIALIZED (
            SELECT r.n, r.purpose, r.address_used, r.address_ends_at, b.used AS pair_used, b.window_ends_at AS pair_ends_at, r.decoy_id,
                CASE WHEN k.user_id IS NOT NULL AND p.organisation_id IS NOT NULL THEN u.id END AS user_id,
                COALESCE(u.organisation_id, r.organisation_id) AS organisation_id, u.username, u.kind, u.is_active, u.registered_at, p.organisation_id IS NOT NULL AS is_set_up,
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
                FROM found AS f WHERE f.pair_used <= {11} ORDER BY 1, 2, 3) AS s
            WHERE c.organisation_id = s.organisation_id AND c.user_id = s.user_id AND c.purpose = s.purpose
            RETURNING c.organisation_id, c.user_id, c.purpose, c.code_hash, c.expires_at, c.failed_attempts, c.consumed_at)
        SELECT f.address_used, f.address_ends_at, f.pair_used, f.pair_ends_at, f.user_id, f.username, f.kind, f.is_active, f.registered_at, f.is_set_up, f.relying_party_version,
            c.code_hash, c.expires_at, c.failed_attempts, c.consumed_at
        FROM found AS f
        LEFT JOIN counted AS c ON c.organisation_id = CASE WHEN f.user_id IS NULL THEN '' ELSE f.organisation_id END AND c.user_id = COALESCE(f.user_id, f.decoy_id) AND c.purpose = f.purpose
        CROSS JOIN (SELECT set_config('synchronous_commit', 'off', true)) AS at_leisure
        ORDER BY f.n
        """;

    private readonly Rounds<Guess, GuessedAt> rounds = new("guess", guesses => CountAsync(guesses, scopes, writer, clock.GetUtcNow(), limits.Value), guess => guess.Touches, clock);

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
            return await db.Database.SqlQueryRaw<GuessedAt>(
                OnPostgreSql,
                Enumerable.Range(0, guesses.Count).ToArray(),
                Each(g => g.OrganisationId), Each(g => g.UsernameFolded), Each(g => g.Purpose.ToString()), Each(g => g.DecoyId), Each(g => g.Address), Each(g => g.Pair),
                now, addressEnds, pairEnds, (long)limits.StartsPerHour, (long)limits.AttemptsPerUser).ToListAsync();
        }

        using var turn = await writer.TurnAsync();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var counted = new List<GuessedAt>(guesses.Count);
        foreach (var guess in guesses)
        {
            var budgets = await AttemptBudgetStore.CountAsync(db, guess.Address, addressEnds, now, limits.StartsPerHour, guess.Pair, pairEnds);
            var (address, pair) = (budgets.Find(b => b.Id.AsSpan().SequenceEqual(guess.Address)), budgets.Find(b => b.Id.AsSpan().SequenceEqual(guess.Pair)));
            counted.Add(pair?.Used <= limits.AttemptsPerUser
                ? await CountOnCodeAsync(db, guess, address!, pair)
                : new GuessedAt { AddressUsed = address?.Used, AddressEndsAt = address?.WindowEndsAt, PairUsed = pair?.Used, PairEndsAt = pair?.WindowEndsAt });
        }

        await transaction.CommitAsync();
        return counted;

        T[] Each<T>(Func<Guess, T> member) => [.. guesses.Select(member)];
    }

    // One row comes back for anybody: for nobody, the decoy's code is looked up in place of the user's.
    private static async Task<GuessedAt> CountOnCodeAsync(RegistrationDbContext db, Guess guess, AttemptBudget address, AttemptBudget pair)
    {
        var purpose = guess.Purpose.ToString();
        var found = (await db.Database.SqlQuery<FoundOnSqlite>(
            $"""
            SELECT CASE WHEN k.user_id IS NOT NULL AND p.organisation_id IS NOT NULL THEN u.id END AS user_id, u.username, u.kind, u.is_active, u.registered_at AS registered_at_ticks,
                p.organisation_id IS NOT NULL AS is_set_up
            FROM (SELECT 1 AS one) AS asked
            LEFT JOIN users AS u ON u.organisation_id = {guess.OrganisationId} AND u.username_folded = {guess.UsernameFolded}
            LEFT JOIN relying_parties AS p ON p.organisation_id = {guess.OrganisationId}
            LEFT JOIN codes AS k ON k.organisation_id = COALESCE(u.organisation_id, '') AND k.user_id = COALESCE(u.id, {guess.DecoyId}) AND k.purpose = {purpose}
            """).ToListAsync()).Single();
        var (organisationId, userId) = found.UserId is { } id ? (guess.OrganisationId, id) : ("", guess.DecoyId);
        var code = (await db.Codes.FromSql(
            $"""
            UPDATE codes SET failed_attempts = failed_attempts + 1
            WHERE organisation_id = {organisationId} AND user_id = {userId} AND purpose = {purpose}
            RETURNING organisation_id, user_id, purpose, code_hash, created_at, expires_at, sent_at, sent_in_succession, next_send_at, failed_attempts, consumed_at
            """).AsNoTracking().ToListAsync()).SingleOrDefault();
        return new GuessedAt
        {
            AddressUsed = address.Used,
            AddressEndsAt = address.WindowEndsAt,
            PairUsed = pair.Used,
            PairEndsAt = pair.WindowEndsAt,
            UserId = found.UserId,
            Username = found.Username,
            Kind = found.Kind,
            IsActive = found.IsActive,
            RegisteredAt = found.RegisteredAtTicks is { } ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null,
            IsSetUp = found.IsSetUp,
            CodeHash = code?.CodeHash,
            ExpiresAt = code?.ExpiresAt,
            FailedAttempts = code?.FailedAttempts,
            ConsumedAt = code?.ConsumedAt,
        };
    }

    private sealed record FoundOnSqlite(string? UserId, string? Username, string? Kind, bool? IsActive, long? RegisteredAtTicks, bool IsSetUp);
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
}
